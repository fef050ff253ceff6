module github.com/shmflake/shmflake/examples/go

go 1.19

require github.com/shmflake/shmflake/bindings/go v0.0.0

replace github.com/shmflake/shmflake/bindings/go => ../../bindings/go
