package names

import (
	"strings"
	"testing"
	"unsafe"
)

const limit = 200

func TestKindOf_SUB13_SUB14(t *testing.T) {
	f := func(name string, want Kind) {
		t.Helper()
		if got := KindOf(name); got != want {
			t.Errorf("KindOf(%q) = %v, want %v", name, got, want)
		}
		if got := KindOf([]byte(name)); got != want {
			t.Errorf("KindOf of bytes(%q) = %v, want %v", name, got, want)
		}
	}
	f("", Public)
	f("news", Public)
	f("privateer", Public)
	f("presencex", Public)
	f("private", Public)
	f("presence", Public)
	f("cache", Public)
	f("cached-x", Public)
	f("my-private-x", Public)
	f("my-cache-x", Public)
	f("Private-x", Public)
	f("encrypted-x", Public)
	f("private-", Private)
	f("private-x", Private)
	f("private-presence-x", Private)
	f("private-cachex", Private)
	f("private-encrypted", Private)
	f("private-cache-x", PrivateCache)
	f("private-cache-encrypted-x", PrivateCache)
	f("private-encrypted-x", PrivateEncrypted)
	f("private-encrypted-cache", PrivateEncrypted)
	f("private-encrypted-cache-x", PrivateEncryptedCache)
	f("presence-x", Presence)
	f("presence-encrypted-x", Presence)
	f("presence-cache-x", PresenceCache)
	f("cache-x", Cache)
	f("#server-to-user-1", User)
	f("#server-to-user", Reserved)
	f("#private-x", Reserved)
	f("#", Reserved)
}

func TestKindMethods(t *testing.T) {
	// Columns: private form, members, cached, encrypted, signature needed, client events.
	f := func(k Kind, name string, want ...bool) {
		t.Helper()
		got := []bool{k.Private(), k.Presence(), k.Cached(), k.Encrypted(), k.NeedsAuth(), k.AllowsClientEvents()}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%v: %v, want %v", k, got, want)
				break
			}
		}
		if k.String() != name {
			t.Errorf("name %q, want %q", k, name)
		}
	}
	const y, n = true, false
	f(PrivateEncryptedCache, "private-encrypted-cache", y, n, y, y, y, y)
	f(PrivateEncrypted, "private-encrypted", y, n, n, y, y, y)
	f(PrivateCache, "private-cache", y, n, y, n, y, y)
	f(Private, "private", y, n, n, n, y, y)
	f(PresenceCache, "presence-cache", n, y, y, n, y, y)
	f(Presence, "presence", n, y, n, n, y, y)
	f(Cache, "cache", n, n, y, n, n, n)
	f(User, "user", n, n, n, n, n, n)
	f(Reserved, "reserved", n, n, n, n, n, n)
	f(Public, "public", n, n, n, n, n, n)
	f(Kind(255), "invalid kind", y, y, y, y, y, y)
	if !User.User() || User.Reserved() || !Reserved.Reserved() || Reserved.User() {
		t.Error("User and Reserved are mixed up")
	}
}

// check runs one check on a string and on bytes, which must agree, and compares
// the error's text from its last colon on; "" means that the name is legal.
func check(t *testing.T, asString, asBytes error, name, want string) {
	t.Helper()
	if (asString == nil) != (asBytes == nil) || asString != nil && asString.Error() != asBytes.Error() {
		t.Errorf("%q: string %v, bytes %v", name, asString, asBytes)
	}
	got := ""
	if asString != nil {
		got = asString.Error()
	}
	if (got == "") != (want == "") || !strings.HasSuffix(got, want) {
		t.Errorf("%q: got %q, want %q", name, got, want)
	}
}

func TestCheckChannel_SUB15_SUB16_SUB17(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		check(t, CheckChannel(name, limit), CheckChannel([]byte(name), limit), name, want)
	}
	const use = " is not allowed; use " + allowed
	f("a", "")
	f("-azAZ09_=@,.;", "")
	f("presence-room", "")
	f(strings.Repeat("x", 164), "")
	f(strings.Repeat("x", 200), "")
	f(strings.Repeat("x", 201), `: it has more than 200 characters`)
	f("", `invalid channel name "": it is empty; use 1 to 200 of `+allowed)
	f("a b", `invalid channel name "a b": ' '`+use)
	f("a:b", `':'`+use)
	f("a/b", `'/'`+use)
	f("a\n", `'\n'`+use)
	f("a\x00", `'\x00'`+use)
	f("größe", `'ö'`+use)
	f("a\xff", `'�'`+use)
	f(":user::{}", `':'`+use)
	f("a#b", `'#'`+use)
	f("#server-to-user-12345", "")
	f("#server-to-user-"+strings.Repeat("x", 184), "")
	f("#server-to-user-"+strings.Repeat("x", 185), "it has more than 200 characters")
	f("#server-to-user-", "a user id must follow")
	f("#server-to-user-a:b", `':'`+use)
	f("#server-to-user-#", `'#'`+use)
	f("#anything", "there is only #server-to-user-ID")
	f("#", "there is only #server-to-user-ID")
	f("##", "there is only #server-to-user-ID")
}

func TestCheckUserID(t *testing.T) {
	f := func(id, want string) {
		t.Helper()
		check(t, CheckUserID(id, limit), CheckUserID([]byte(id), limit), id, want)
	}
	f("12345", "")
	f("a@b.c", "")
	f(strings.Repeat("x", 184), "")
	f(strings.Repeat("x", 185), "it has more than 184 characters")
	f("", "it is empty; use 1 to 184 of "+allowed)
	f("a b", "' ' is not allowed; use "+allowed)
	f("#a", "'#' is not allowed; use "+allowed)
}

func TestUserOf(t *testing.T) {
	if id, ok := UserOf("#server-to-user-7"); id != "7" || !ok {
		t.Errorf("got %q, %v", id, ok)
	}
	if id, ok := UserOf([]byte("server-to-user-7")); ok {
		t.Errorf("got %q", id)
	}
}

func TestCheckEvent_API15_API16(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		check(t, CheckEvent(name, limit), CheckEvent([]byte(name), limit), name, want)
	}
	const own = "names that begin with pusher: or pusher_internal: are the server's own"
	f("foo", "")
	f(`App\Events\OrderShipped`, "")
	f(".client.event with spaces\n", "")
	f("client-typing", "")
	f("pusher", "")
	f("Pusher:x", "")
	f("xpusher:x", "")
	f("pusher_x:", "")
	f(strings.Repeat("x", 200), "")
	f(strings.Repeat("漢", 200), "")
	f("a\ufffd", "")
	f("", "it is empty; use 1 to 200 characters")
	f(strings.Repeat("x", 201), "it has more than 200 characters")
	f(strings.Repeat("漢", 201), "it has more than 200 characters")
	f(strings.Repeat("x", 1<<20), "it has more than 200 characters")
	f("pusher:ping", own)
	f("pusher:", own)
	f("pusher_internal:member_added", own)
	f("a\xff", "it is not UTF-8")
	f("a\xe6\xbc", "it is not UTF-8")
	f("\xed\xa0\x80", "it is not UTF-8")
}

func TestIsClientEvent_CLI11(t *testing.T) {
	f := func(name string, want bool) {
		t.Helper()
		if got := IsClientEvent(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	f("client-typing", true)
	f("client-", true)
	f("client", false)
	f("xclient-foo", false)
	f("my-client-foo", false)
	f("Client-foo", false)
	f("", false)
}

func TestCheckSocketID_API18(t *testing.T) {
	f := func(id string, want bool) {
		t.Helper()
		if got := ValidSocketID(id); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
		if got := ValidSocketID([]byte(id)); got != want {
			t.Errorf("bytes %q: %v, want %v", id, got, want)
		}
		if err := CheckSocketID(id); (err == nil) != want {
			t.Errorf("%q: %v", id, err)
		}
	}
	twenty := strings.Repeat("9", 20)
	f("1.1", true)
	f("45055.28877557", true)
	f("0.0", true)
	f(twenty+"."+twenty, true)
	f(twenty+"9."+twenty, false)
	f(twenty+"."+twenty+"9", false)
	f(strings.Repeat("1", 1<<20), false)
	f("", false)
	f(".", false)
	f("1", false)
	f("1.", false)
	f(".1", false)
	f("1.1.", false)
	f("1.1.1", false)
	f("1.1\n", false)
	f("1.1:private-x", false)
	f("-1.1", false)
	f("a.1", false)
	f("1.a", false)
	f("1,1", false)
	f("１.1", false)
}

func TestErrorsAreBounded(t *testing.T) {
	err := CheckChannel(strings.Repeat("\x00", 1<<20), limit)
	if err == nil || len(err.Error()) > 600 {
		t.Errorf("%d bytes", len(err.Error()))
	}
}

// A caller may pass a view of a read buffer; an error outlives it.
func TestErrorsOwnTheirText(t *testing.T) {
	buffer := []byte("a b")
	err := CheckChannel(unsafe.String(&buffer[0], len(buffer)), limit)
	clear(buffer)
	if err == nil || !strings.HasPrefix(err.Error(), `invalid channel name "a b": `) {
		t.Error(err)
	}
}

func TestChecksDoNotAllocate(t *testing.T) {
	channel, event, socketID := []byte("private-App.Models.User.12345.and.some.more"), []byte(`App\Events\Größe, longer than thirty-two bytes`), []byte("45055.28877557")
	n := testing.AllocsPerRun(1000, func() {
		if CheckChannel(channel, limit) != nil || CheckEvent(event, limit) != nil || !ValidSocketID(socketID) || KindOf(channel) != Private {
			t.Error("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A name that passes can hold nothing that has a meaning in a signed text, in
// JSON or in a URL's path.
func FuzzCheckChannel(f *testing.F) {
	for _, s := range []string{"a", "private-x", "#server-to-user-1", "a:b", "", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckChannel(name, limit) != nil {
			return
		}
		if name == "" || len(name) > limit || strings.ContainsAny(name[1:], "#:\"\\/%?& \n") {
			t.Fatalf("%q is accepted", name)
		}
		if k := KindOf(name); k.Reserved() || k.User() != (name[0] == '#') {
			t.Fatalf("%q is %v", name, k)
		}
	})
}

func BenchmarkCheckChannel(b *testing.B) {
	name := []byte("private-App.Models.User.12345")
	b.ReportAllocs()
	for b.Loop() {
		if CheckChannel(name, limit) != nil || !KindOf(name).NeedsAuth() {
			b.Fatal("refused")
		}
	}
}
