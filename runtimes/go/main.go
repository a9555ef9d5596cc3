// Command main is one function; CASES names the table of cases that it serves.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

type request struct {
	Case string `json:"case"`
}

func main() {
	switch os.Getenv("CASES") {
	case "standard":
		lambda.Start(standard)
	case "loggers":
		lambda.Start(loggers)
	}
}
