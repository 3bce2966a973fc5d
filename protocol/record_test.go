package protocol

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Records travel by gob: nothing of them gets lost, whatever it is.
func TestRecordTravels(t *testing.T) {
	var want Record
	fill(t, reflect.ValueOf(&want).Elem(), new(int))
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(want); err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := gob.NewDecoder(&b).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-sent +received):\n%s", diff)
	}
}

// fill gives every field below v another value.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n % 127))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n % 255))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				t.Fatalf("%v.%s does not travel", v.Type(), v.Type().Field(i).Name)
			}
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("no way to fill %v, which must not be in a record", v.Type())
	}
}

// One version up and one down understand each other: what the one does not know it
// passes over, and what it is not told is zero.
func TestRecordOfAnotherVersion(t *testing.T) {
	type subscription struct {
		Channel string
		Color   string // not known here
	}
	type record struct {
		SocketID      string
		Subscriptions []subscription
		Mood          *subscription // not known here
		// App and all else are missing.
	}
	var b bytes.Buffer
	sent := record{"1.2", []subscription{{"news", "red"}}, &subscription{"x", "y"}}
	if err := gob.NewEncoder(&b).Encode(sent); err != nil {
		t.Fatal(err)
	}
	var got Record
	if err := gob.NewDecoder(&b).Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := Record{SocketID: "1.2", Subscriptions: []SubscriptionRecord{{Channel: "news"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}
