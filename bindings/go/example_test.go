// SPDX-License-Identifier: Apache-2.0

package shmflake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func Example() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()

	first, err := flake.Next()
	if err != nil {
		log.Fatal(err)
	}
	second, err := flake.Next()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first < second)
	// Output: true
}

func ExampleOpen_options() {
	flake, err := shmflake.Open("orders", shmflake.WithWorkerID(5), shmflake.WithWaitTimeoutMS(200))
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	status, err := flake.Status()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.Name, status.WorkerID, status.WorkerIDSourceName)
	// Output: orders 5 option
}

func ExampleError() {
	_, err := shmflake.Open("orders", shmflake.WithWorkerID(4096))
	fmt.Println(errors.Is(err, shmflake.ErrWorkerID))
	fmt.Println(err)
	// Output:
	// true
	// shmflake: worker_id must be 0..255: 4096
}

func ExampleFlake_NextContext() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	id, err := flake.NextContext(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("too late")
		return
	}
	fmt.Println(err, id > 0)
	// Output: <nil> true
}

func ExampleFlake_NextN() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	ids := make([]shmflake.ID, 1000)
	n, err := flake.NextN(ids) // ids[:n] are yours, also when it failed
	fmt.Println(n, err)
	// Output: 1000 <nil>
}

func ExampleFlake_Block() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	block, err := flake.Block(100)
	if err != nil {
		log.Fatal(err)
	}
	ascending := true
	var last shmflake.ID
	for id, more := block.Next(); more; id, more = block.Next() {
		ascending = ascending && id > last
		last = id
	}
	fmt.Println(ascending)
	// Output: true
}

func ExampleFlake_Bounds() {
	flake, err := shmflake.Open("")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	from, _, err := flake.Bounds(day)
	if err != nil {
		log.Fatal(err)
	}
	to, _, err := flake.Bounds(day.AddDate(0, 0, 1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("SELECT * FROM orders WHERE id >= %d AND id < %d\n", from, to)
	// Output: SELECT * FROM orders WHERE id >= 165430060646400000 AND id < 165520657612800000
}

func ExampleID() {
	id := shmflake.ID(165430060650627136)
	parts, err := id.Parts()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(id, id.Base62(), id.Time().Format(time.RFC3339Nano))
	fmt.Println(parts.WorkerID, parts.Sequence)
	json.NewEncoder(os.Stdout).Encode(map[string]shmflake.ID{"id": id})
	// Output:
	// 165430060650627136 0CDfczFd30S 2026-01-01T00:00:00.004Z
	// 8 64
	// {"id":"165430060650627136"}
}

func ExampleMask() {
	key := shmflake.Key{0: 0x2a, 15: 0x07} // let crypto/rand fill it
	masked, err := shmflake.Mask(key, 1)
	if err != nil {
		log.Fatal(err)
	}
	id, err := shmflake.Unmask(key, masked)
	fmt.Println(masked != 1, id, err)
	// Output: true 1 <nil>
}

func ExampleWithLog() {
	flake, err := shmflake.Open("logged", shmflake.WithLog(
		func(level shmflake.LogLevel, event string, fields []shmflake.LogField) {
			fmt.Println(level, event)
		}))
	if err != nil {
		log.Fatal(err)
	}
	flake.Close()
	// Output: INFO region_created
}
