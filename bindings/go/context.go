// SPDX-License-Identifier: Apache-2.0

package shmflake

import (
	"context"
	"errors"
	"fmt"
)

func cancelled(err error) error { return fmt.Errorf("shmflake: %w", err) }

type outcome[T any] struct {
	value T
	err   error
}

// await makes a call that may wait on a goroutine of its own, and does not wait for that when the
// context is done.
func await[T any](ctx context.Context, call func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, cancelled(err)
	}
	if ctx.Done() == nil {
		return call()
	}
	done := make(chan outcome[T], 1)
	go func() {
		value, err := call()
		done <- outcome[T]{value, err}
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		return none, cancelled(ctx.Err())
	}
}

// nowaitOrAwait spares the goroutine where there is nothing to wait for, which is nearly always.
func nowaitOrAwait[H, T any](ctx context.Context, handle H, nowait, call func(H) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, cancelled(err)
	}
	value, err := nowait(handle)
	if err == nil || !errors.Is(err, ErrWouldWait) {
		return value, err
	}
	return await(ctx, func() (T, error) { return call(handle) })
}

// NextContext is Next, but returns when the context is done, with its error, wrapped. What is drawn
// after that is a gap. The wait that was given up goes on, for up to WithWaitTimeoutMS, on a thread of
// the operating system: a program that gives up thousands of waits a second should wait less, too.
func (f *Flake) NextContext(ctx context.Context) (ID, error) {
	return nowaitOrAwait(ctx, f, (*Flake).NextNowait, (*Flake).Next)
}

// UUID7Context is UUID7, as NextContext is Next.
func (f *Flake) UUID7Context(ctx context.Context) (UUID, error) {
	return nowaitOrAwait(ctx, f, (*Flake).UUID7Nowait, (*Flake).UUID7)
}

// ULIDContext is ULID, as NextContext is Next.
func (f *Flake) ULIDContext(ctx context.Context) (ULID, error) {
	return nowaitOrAwait(ctx, f, (*Flake).ULIDNowait, (*Flake).ULID)
}

// BlockContext is Block, as NextContext is Next.
func (f *Flake) BlockContext(ctx context.Context, want uint64) (Block, error) {
	return await(ctx, func() (Block, error) { return f.Block(want) })
}

// NextNContext is NextN, as NextContext is Next: all IDs that are drawn when the context is done are
// gaps, n is then 0, and dst is as it was.
func (f *Flake) NextNContext(ctx context.Context, dst []ID) (n int, err error) {
	return awaitMany(ctx, dst, f.NextN)
}

// NextContext is Next, as Flake.NextContext is Flake.Next.
func (s *Segment) NextContext(ctx context.Context) (ID, error) {
	return nowaitOrAwait(ctx, s, (*Segment).NextNowait, (*Segment).Next)
}

// NextNContext is NextN, as Flake.NextNContext is Flake.NextN.
func (s *Segment) NextNContext(ctx context.Context, dst []ID) (n int, err error) {
	return awaitMany(ctx, dst, s.NextN)
}

// StoreInitContext is StoreInit, but returns when the context is done. The tables may be made all the
// same.
func StoreInitContext(ctx context.Context, url string, options ...Option) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, StoreInit(url, options...) })
	return err
}

// UUID7NContext is UUID7N, as NextNContext is NextN.
func (f *Flake) UUID7NContext(ctx context.Context, dst []UUID) (n int, err error) {
	return awaitMany(ctx, dst, f.UUID7N)
}

// awaitMany draws into a slice of its own, since dst is the caller's again when the context is done.
func awaitMany[T any](ctx context.Context, dst []T, call func([]T) (int, error)) (int, error) {
	drawn, err := await(ctx, func() ([]T, error) {
		values := make([]T, len(dst))
		n, err := call(values)
		return values[:n], err
	})
	return copy(dst, drawn), err
}
