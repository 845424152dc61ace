// Package queue queues.
package queue

import "fmt"

const (
	MaxSize = 10
	minSize = 1
)

var ErrFull = fmt.Errorf("full")

// Queue holds items.
type Queue[T any] struct {
	items []T
	Name  string
}

type (
	Reader interface {
		// Read reads.
		Read(p []byte) (int, error)
	}
	ID = string
	level int
)

// New makes a queue.
func New(size int) *Queue[int] {
	return &Queue[int]{}
}

// Push adds an item.
func (q *Queue[T]) Push(item T) error {
	q.items = append(q.items, item)
	return nil
}

func (l level) String() string { return "" }
