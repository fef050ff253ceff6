// SPDX-License-Identifier: Apache-2.0

// A handler that gives each order an ID: a string in JSON, since JavaScript's numbers end at 2^53.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	shmflake "github.com/shmflake/shmflake/bindings/go"
)

type order struct {
	ID   shmflake.ID `json:"id"`
	Item string      `json:"item"`
}

func handler(flake *shmflake.Flake) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := flake.NextContext(r.Context()) // gives up when the client does
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(order{id, r.FormValue("item")})
	}
}

func main() {
	flake, err := shmflake.Open("orders")
	if err != nil {
		log.Fatal(err)
	}
	defer flake.Close()
	server := httptest.NewServer(handler(flake)) // for real: http.ListenAndServe(":8080", handler(flake))
	defer server.Close()
	response, err := http.Get(server.URL + "?item=tea")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Print(string(body), "error: ", err, "\n")
}
