module github.com/shmflake/shmflake/bindings/go

go 1.19
