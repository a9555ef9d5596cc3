package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type paymentFailed struct{ card int }

func (e paymentFailed) Error() string { return fmt.Sprintf("card %d was declined", e.card) }

const notice = slog.Level(2)

func allLevels(ctx context.Context, logger *slog.Logger) {
	logger.DebugContext(ctx, "cache is empty")
	logger.InfoContext(ctx, "order accepted", "order", 17)
	logger.Log(ctx, notice, "between INFO and WARN")
	logger.WarnContext(ctx, "stock is low")
	logger.ErrorContext(ctx, "payment failed", "error", paymentFailed{3})
	logger.Log(ctx, slog.LevelError+4, "database is gone")
}

func standard(ctx context.Context, r request) (any, error) {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	switch r.Case {
	case "log":
		log.Print("order 17 accepted")
		log.New(os.Stderr, "shop: ", log.LstdFlags|log.Lmicroseconds|log.Lshortfile).Print("order 17 accepted")
	case "printed":
		fmt.Println("plain words")
		fmt.Println("two\nlines")
	case "slog_default":
		slog.SetLogLoggerLevel(slog.LevelDebug)
		allLevels(ctx, slog.Default())
	case "slog_text":
		allLevels(ctx, slog.New(slog.NewTextHandler(os.Stdout, options)))
	case "slog_json":
		allLevels(ctx, slog.New(slog.NewJSONHandler(os.Stdout, options)))
	case "slog_lambda":
		allLevels(ctx, lambdacontext.NewLogger())
	case "returned":
		return nil, errors.New("no such order")
	case "returned_type":
		return nil, paymentFailed{4}
	case "returned_wrapped":
		return nil, fmt.Errorf("order 17 failed: %w", paymentFailed{5})
	case "returned_pointer":
		return nil, &os.PathError{Op: "open", Path: "/tmp/orders", Err: os.ErrNotExist}
	case "returned_message":
		return nil, messages.InvokeResponse_Error{Type: "Shop.Declined", Message: "card 6 was declined"}
	case "panics":
		panic("order 18 is broken")
	case "panics_with_error":
		panic(paymentFailed{7})
	case "nil_map":
		var orders map[string]int
		orders["17"] = 1
	case "panics_elsewhere":
		go func() { panic(paymentFailed{8}) }()
		time.Sleep(time.Second)
	case "fatal":
		log.Fatal("configuration is missing")
	case "exits":
		os.Exit(3)
	}
	return nil, nil
}
