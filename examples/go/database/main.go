// SPDX-License-Identifier: Apache-2.0

// IDs as a primary key: a BIGINT column in SQLite, found again by the time that they bear.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"time"

	_ "github.com/mattn/go-sqlite3"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	flake := must(shmflake.Open("orders"))
	defer flake.Close()
	db := must(sql.Open("sqlite3", ":memory:"))
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	must(db.Exec(`CREATE TABLE orders (id BIGINT PRIMARY KEY, trace TEXT NOT NULL, item TEXT)`))
	for _, item := range []string{"tea", "cups", "sugar"} {
		must(db.Exec(`INSERT INTO orders VALUES (?, ?, ?)`, must(flake.Next()), must(flake.UUID7()), item))
	}

	from, _, err := flake.Bounds(time.Now().Add(-time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	rows := must(db.Query(`SELECT * FROM orders WHERE id >= ? ORDER BY id`, from))
	defer rows.Close()
	for rows.Next() {
		var id shmflake.ID
		var trace shmflake.UUID
		var item string
		if err := rows.Scan(&id, &trace, &item); err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, trace, item)
	}
}
