package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// isPassing tells whether an error may be gone when the same is asked again: the
// database does not answer, or answers that it starts, stops or is full. A host
// name that nobody knows is one, because in a cluster it comes with its server.
func isPassing(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains(passingClasses, e.Code[:min(2, len(e.Code))])
	}
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return slices.Contains(passingNumbers, e.Number)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return slices.ContainsFunc(passingErrors, func(target error) bool { return errors.Is(err, target) })
}

var (
	// passingClasses are of SQLSTATE: connection exception, insufficient
	// resources, operator intervention (which "is starting up" belongs to).
	passingClasses = []string{"08", "53", "57"}

	// passingNumbers are MySQL's for: too many connections, shutting down, too many
	// connections of the user, a lock that took too long, a limit per hour.
	passingNumbers = []uint16{1040, 1053, 1203, 1205, 1226}

	passingErrors = []error{
		context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF,
		driver.ErrBadConn, mysql.ErrInvalidConn,
	}
)
