package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

var declined = errors.New("card was declined")

// A case is the logger's name and the action's: "zap.levels".
func loggers(_ context.Context, r request) (any, error) {
	logger, action, _ := strings.Cut(r.Case, ".")
	withError := action == "error"
	switch logger {
	case "zap":
		config := zap.NewProductionConfig()
		config.Level = zap.NewAtomicLevelAt(zapcore.DebugLevel)
		withZap(zap.Must(config.Build()), withError)
	case "zap_development":
		config := zap.NewDevelopmentConfig()
		config.DisableStacktrace = !withError
		withZap(zap.Must(config.Build()), withError)
	case "zap_iso":
		config := zap.NewProductionConfig()
		config.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
		config.EncoderConfig.EncodeLevel = zapcore.CapitalLevelEncoder
		withZap(zap.Must(config.Build()), withError)
	case "zerolog":
		withZerolog(zerolog.New(os.Stderr).With().Timestamp().Logger(), withError)
	case "zerolog_console":
		withZerolog(zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, NoColor: true}).With().Timestamp().Logger(), withError)
	case "zerolog_colour":
		withZerolog(zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr}).With().Timestamp().Logger(), withError)
	case "logrus":
		withLogrus(&logrus.TextFormatter{}, withError)
	case "logrus_json":
		withLogrus(&logrus.JSONFormatter{}, withError)
	case "logrus_colour":
		withLogrus(&logrus.TextFormatter{ForceColors: true}, withError)
	}
	return nil, nil
}

func withZap(logger *zap.Logger, withError bool) {
	if withError {
		logger.Error("order 17 failed", zap.Error(declined))
		return
	}
	logger.Debug("cache is empty")
	logger.Info("order accepted", zap.Int("order", 17))
	logger.Warn("stock is low")
	logger.Error("payment failed")
}

func withZerolog(logger zerolog.Logger, withError bool) {
	if withError {
		logger.Error().Err(declined).Msg("order 17 failed")
		return
	}
	logger.Trace().Msg("every step")
	logger.Debug().Msg("cache is empty")
	logger.Info().Int("order", 17).Msg("order accepted")
	logger.Warn().Msg("stock is low")
	logger.Error().Msg("payment failed")
	logger.WithLevel(zerolog.FatalLevel).Msg("database is gone")
}

func withLogrus(formatter logrus.Formatter, withError bool) {
	logger := logrus.New()
	logger.SetFormatter(formatter)
	logger.SetLevel(logrus.TraceLevel)
	if withError {
		logger.WithError(declined).Error("order 17 failed")
		return
	}
	logger.Trace("every step")
	logger.Debug("cache is empty")
	logger.WithField("order", 17).Info("order accepted")
	logger.Warn("stock is low")
	logger.Error("payment failed")
}
