#!/usr/bin/env bash
# aws-lambda-go 1.55.1: `lambdacontext.NewLogger` takes the log levels TRACE and FATAL of a function for INFO.
#
# Lambda's configuration has the application log levels TRACE, DEBUG, INFO, WARN, ERROR and FATAL, and gives them to the
# function in AWS_LAMBDA_LOG_LEVEL. The logger knows the middle four. With TRACE, the most talkative, it drops DEBUG
# records; with FATAL it writes INFO, WARN and ERROR records, which were meant to stay away.
source "$(dirname "$0")/lib.sh"
in_a_temporary_folder
cat >main.go <<'GO'
package main

import "github.com/aws/aws-lambda-go/lambdacontext"

func main() {
	log := lambdacontext.NewLogger()
	log.Debug("d")
	log.Info("i")
	log.Warn("w")
	log.Error("e")
}
GO
go mod init finding 2>/dev/null
go get github.com/aws/aws-lambda-go@v1.55.1 2>/dev/null
go build -o finding .
echo "aws-lambda-go 1.55.1, $(go version)"

written() { AWS_LAMBDA_LOG_FORMAT=JSON AWS_LAMBDA_LOG_LEVEL=$1 ./finding | sed 's/.*"level":"\([A-Z]*\)".*/\1/' | xargs; }
expect TRACE "INFO WARN ERROR" "$(written TRACE)"
expect DEBUG "DEBUG INFO WARN ERROR" "$(written DEBUG)"
expect WARN "WARN ERROR" "$(written WARN)"
expect FATAL "INFO WARN ERROR" "$(written FATAL)"
exit $changed
