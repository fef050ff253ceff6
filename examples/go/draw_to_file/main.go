// SPDX-License-Identifier: Apache-2.0

// draw_to_file FILE COUNT: four goroutines draw so many IDs and write them, 8 bytes each.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"strconv"
	"sync"

	"github.com/shmflake/shmflake/bindings/go"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	flake, err := shmflake.Open("")
	check(err)
	defer flake.Close()
	ids := make([]shmflake.ID, count)
	var all sync.WaitGroup
	for i := 0; i < 4; i++ {
		all.Add(1)
		go func(mine []shmflake.ID) {
			defer all.Done()
			for j := range mine {
				id, err := flake.Next()
				check(err)
				mine[j] = id
			}
		}(ids[count*i/4 : count*(i+1)/4])
	}
	all.Wait()
	file, err := os.Create(os.Args[1])
	check(err)
	check(binary.Write(file, binary.LittleEndian, ids))
	check(file.Close())
}
