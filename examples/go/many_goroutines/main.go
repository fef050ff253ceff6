// SPDX-License-Identifier: Apache-2.0

// Eight goroutines draw from one handle; every goroutine's own IDs ascend, and no ID comes twice.
package main

import (
	"fmt"
	"log"
	"sync"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

const goroutines, each = 8, 5000

func main() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()

	var drawn [goroutines][]shmflake.ID
	var drawing sync.WaitGroup
	for i := range drawn {
		drawing.Add(1)
		go func(i int) {
			defer drawing.Done()
			drawn[i] = make([]shmflake.ID, each)
			n, err := flake.NextN(drawn[i]) // or Next, one by one
			if err != nil {
				log.Print(err)
			}
			drawn[i] = drawn[i][:n]
		}(i)
	}
	drawing.Wait()

	seen := map[shmflake.ID]bool{}
	for _, ids := range drawn {
		for _, id := range ids {
			seen[id] = true
		}
	}
	fmt.Printf("%d different IDs of %d\n", len(seen), goroutines*each)
}
