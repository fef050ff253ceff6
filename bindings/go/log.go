// SPDX-License-Identifier: Apache-2.0

package shmflake

import "github.com/shmflake/shmflake/bindings/go/internal/capi"

// A LogLevel is how much an event matters.
type LogLevel int

const (
	LogDebug   LogLevel = 1
	LogInfo    LogLevel = 2
	LogWarning LogLevel = 3
	LogError   LogLevel = 4
)

// String is "DEBUG", "INFO", "WARNING" or "ERROR".
func (l LogLevel) String() string {
	switch {
	case l <= LogDebug:
		return "DEBUG"
	case l == LogInfo:
		return "INFO"
	case l == LogWarning:
		return "WARNING"
	}
	return "ERROR"
}

// A LogField is a detail of an event.
type LogField struct {
	Key   string // snake_case, without spaces
	Value string // may hold spaces
}

// WithLog has a function called for rare events (region_created, lease_extended, clock_rollback,
// region_retired ...), never by a method that does not block. The call that met the event waits for
// it, so that it must not use the same handle, which would wait for ever. It may be called by
// several goroutines at once, on one that is neither the caller's nor kept: a panic in it ends the
// program. Default: silent; SHMFLAKE_LOG=stderr writes to standard error.
func WithLog(log func(level LogLevel, event string, fields []LogField)) Option {
	return func(o *capi.Options) {
		if log == nil {
			o.Log = nil
			return
		}
		o.Log = func(level int, event string, fields []capi.LogField) {
			named := make([]LogField, 0, len(fields))
			for _, field := range fields {
				named = append(named, LogField(field))
			}
			log(LogLevel(level), event, named)
		}
	}
}

// WithLogLevel sets the lowest level that is passed to the log function. Default: LogInfo.
func WithLogLevel(level LogLevel) Option {
	return func(o *capi.Options) { o.LogLevel = uint32(level) }
}
