// SPDX-License-Identifier: Apache-2.0

// The first ID, and what it says.
package main

import (
	"fmt"
	"log"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func main() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()

	id, err := flake.Next()
	if err != nil {
		log.Fatal(err)
	}
	parts, err := flake.Decode(id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ID %d: worker %d, number %d of %s\n", id, parts.WorkerID, parts.Sequence, parts.Time())
	fmt.Printf("in base62 %s, in base58 %s\n", id.Base62(), id.Base58())

	uuid, err := flake.UUID7()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("UUID %s of %s\n", uuid, uuid.Time())

	orders, err := flake.Segment("orders", nil) // 1, 2, 3 ..., kept in an SQLite file
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(orders.Next())
}
