// SPDX-License-Identifier: Apache-2.0

// Child processes draw from their parent's region: each opens it by its name. Nothing is inherited.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

func main() {
	flake, err := shmflake.Open("jobs")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	id, err := flake.Next()
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 1 {
		fmt.Printf("child %s: %d\n", os.Args[1], id)
		return
	}
	fmt.Printf("parent:  %d\n", id)
	for _, name := range []string{"A", "B", "C"} {
		child := exec.Command(os.Args[0], name)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Run(); err != nil {
			log.Fatal(err)
		}
	}
}
