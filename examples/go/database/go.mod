module github.com/shmflake/shmflake/examples/go/database

go 1.19

require (
	github.com/mattn/go-sqlite3 v1.14.16
	github.com/shmflake/shmflake/bindings/go v0.0.0
)

replace github.com/shmflake/shmflake/bindings/go => ../../../bindings/go
