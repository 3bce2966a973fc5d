package auth

import (
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// now is the moment of the documents' worked example.
var now = time.Unix(1353088179, 0)

const (
	h1Body = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	h1MD5  = "ec365a775a4cd0599faeb73354201b6f"
	h1Sig  = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
)

// signed are the parameters of a request at now, without its signature.
func signed(more ...Param) []Param {
	return append([]Param{
		{"auth_key", docs.Key()},
		{"auth_timestamp", "1353088179"},
		{"auth_version", "1.0"},
	}, more...)
}

// h1 is the documents' worked example, for tests to spoil.
func h1() *Request {
	return &Request{
		Method: "POST",
		Paths:  []string{"/apps/3/events"},
		Params: signed(Param{"body_md5", h1MD5}, Param{"auth_signature", h1Sig}),
		Body:   []byte(h1Body),
	}
}

// set replaces, or with an empty value removes, a parameter.
func (r *Request) set(key, value string) *Request {
	r.Params = slices.DeleteFunc(r.Params, func(p Param) bool { return p.Key == key })
	if value != "" {
		r.Params = append(r.Params, Param{key, value})
	}
	return r
}

// resign gives the request a right signature for what it holds.
func (r *Request) resign() *Request {
	text := StringToSign(r.Method, unescapePath(r.Paths[0]), r.Params)
	return r.set("auth_signature", docs.Hex([]byte(text)))
}

func TestRequestVectors_API01(t *testing.T) {
	const head = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0"
	tests := []struct {
		name, method, path string
		params             []Param
		body               string
		query              string // canonical
		signature          string
	}{
		{
			"H1", "POST", "/apps/3/events", nil, h1Body,
			head + "&body_md5=" + h1MD5, h1Sig,
		},
		{
			"H2", "GET", "/apps/3/channels",
			[]Param{{"info", "user_count"}, {"filter_by_prefix", "presence-"}},
			"",
			head + "&filter_by_prefix=presence-&info=user_count",
			"16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291",
		},
		{
			"H3", "POST", "/apps/3/users/12345/terminate_connections", nil, "{}",
			head + "&body_md5=99914b932bd37a50b983c5e7c90ae93b",
			"01fa634edeb0cae84115307cad5c23f65a46cd286461b1c89637a3b5871a8f0e",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			query := docs.SignRequest(tt.method, tt.path, tt.params, []byte(tt.body), now)
			params, err := AppendQuery(nil, query)
			if err != nil {
				t.Fatal(err)
			}
			if got := params[len(params)-1]; got != (Param{"auth_signature", tt.signature}) {
				t.Errorf("signed %v, want %s", got, tt.signature)
			}
			want := tt.method + "\n" + tt.path + "\n" + tt.query
			if diff := cmp.Diff(want, StringToSign(tt.method, tt.path, params)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			r := &Request{Method: tt.method, Paths: []string{tt.path}, Params: params, Body: []byte(tt.body)}
			if err := docs.CheckRequest(r, now); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParameterOrderDoesNotMatter_API02(t *testing.T) {
	r := h1()
	for range len(r.Params) {
		r.Params = append(r.Params[1:], r.Params[0])
		if err := docs.CheckRequest(r, now); err != nil {
			t.Errorf("%v: %v", r.Params, err)
		}
	}
}

func TestTimestampGrace_API03(t *testing.T) {
	f := func(off int64, want string) {
		t.Helper()
		got := ""
		if err := docs.CheckRequest(h1(), time.Unix(1353088179+off, 999_999_999)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%d s off: got %q, want %q", off, got, want)
		}
	}
	f(0, "")
	f(599, "")
	f(-599, "")
	f(600, "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (2012-11-16T17:59:39Z)")
	f(-600, "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (2012-11-16T17:39:39Z)")
	f(1e9, "Timestamp expired: Given timestamp (2012-11-16T17:49:39Z) not within 600s of server time (2044-07-25T19:36:19Z)")
}

func TestCheckRequestRefuses(t *testing.T) {
	tests := []struct {
		name string
		r    *Request
		want string
	}{
		{"nothing at all", &Request{}, "Missing parameter: auth_key"},
		{"API-05 no key", h1().set("auth_key", ""), "Missing parameter: auth_key"},
		{"API-05 another key", h1().set("auth_key", "other").resign(), "Unknown auth_key"},
		{"the key comes before the version", h1().set("auth_key", "other").set("auth_version", ""), "Unknown auth_key"},
		{"API-04 no version", h1().set("auth_version", "").resign(), "Version required"},
		{"API-04 another version", h1().set("auth_version", "1.1").resign(), "Version not supported"},
		{"the version comes before the timestamp", h1().set("auth_version", "2").set("auth_timestamp", ""), "Version not supported"},
		{"no timestamp", h1().set("auth_timestamp", "").resign(), "Timestamp required"},
		{"timestamp in words", h1().set("auth_timestamp", "now").resign(), string(ErrTimestampMalformed)},
		{"timestamp beyond 64 bits", h1().set("auth_timestamp", "99999999999999999999").resign(), string(ErrTimestampMalformed)},
		{"least timestamp", h1().set("auth_timestamp", "-9223372036854775808").resign(), "Timestamp expired: Given timestamp (" + iso8601(-1<<63) + ") not within 600s of server time (2012-11-16T17:49:39Z)"},
		{"greatest timestamp", h1().set("auth_timestamp", "9223372036854775807").resign(), "Timestamp expired: Given timestamp (" + iso8601(1<<63-1) + ") not within 600s of server time (2012-11-16T17:49:39Z)"},
		{
			"API-09 no signature", h1().set("auth_signature", ""),
			`Invalid signature: you should have sent HmacSHA256Hex("POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=` + h1MD5 + `", your_secret_key), but you sent nil`,
		},
		{
			"API-09 wrong signature", h1().set("auth_signature", "beef"),
			`Invalid signature: you should have sent HmacSHA256Hex("POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=` + h1MD5 + `", your_secret_key), but you sent "beef"`,
		},
		{
			"parameter that was not signed", h1().set("info", "x"),
			`Invalid signature: you should have sent HmacSHA256Hex("POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=` + h1MD5 + `&info=x", your_secret_key), but you sent "` + h1Sig + `"`,
		},
		{"API-06 another body", h1().body(strings.Replace(h1Body, "foo", "fop", 1)), `Invalid body_md5: the MD5 of the body received is "1738af084a7045eb9cf34dbcdd00ecee", but you sent "` + h1MD5 + `"`},
		{"API-06 the body left out", h1().body(""), `Invalid body_md5: the MD5 of the body received is "d41d8cd98f00b204e9800998ecf8427e", but you sent "` + h1MD5 + `"`},
		{"API-06 body without body_md5", h1().set("body_md5", "").resign(), string(ErrBodyMD5Missing)},
		{"upper-case MD5", h1().set("body_md5", strings.ToUpper(h1MD5)).resign(), `Invalid body_md5: the MD5 of the body received is "` + h1MD5 + `", but you sent "` + strings.ToUpper(h1MD5) + `"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := docs.CheckRequest(tt.r, now)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func (r *Request) body(b string) *Request {
	r.Body = []byte(b)
	return r
}

// Another method or path makes the same signature wrong.
func TestSignatureCoversMethodAndPath(t *testing.T) {
	var want *RequestSignatureError
	r := h1()
	r.Method = "GET"
	if err := docs.CheckRequest(r, now); !errors.As(err, &want) {
		t.Errorf("another method: %v", err)
	}
	r = h1()
	r.Paths = []string{"/apps/4/events"}
	if err := docs.CheckRequest(r, now); !errors.As(err, &want) {
		t.Errorf("another path: %v", err)
	}
}

func TestEmptyBodyNeedsNoMD5_API07(t *testing.T) {
	r := h1().body("").set("body_md5", "").resign()
	if err := docs.CheckRequest(r, now); err != nil {
		t.Error(err)
	}
	r.Params = append(r.Params, Param{"body_md5", ""})
	if err := docs.CheckRequest(r.resign(), now); err != nil {
		t.Errorf("empty body_md5: %v", err)
	}
	if err := docs.CheckRequest(r.set("body_md5", "d41d8cd98f00b204e9800998ecf8427e").resign(), now); err != nil {
		t.Errorf("MD5 of nothing: %v", err)
	}
}

func TestPaths_API08(t *testing.T) {
	f := func(signedPath string, paths []string, ok bool) {
		t.Helper()
		r := h1()
		r.Paths = []string{signedPath}
		text := StringToSign(r.Method, signedPath, r.Params)
		r.set("auth_signature", docs.Hex([]byte(text)))
		r.Paths = paths
		if err := docs.CheckRequest(r, now); (err == nil) != ok {
			t.Errorf("signed %s, came as %q: %v", signedPath, paths, err)
		}
	}
	f("/apps/3/events", []string{"/prefix/apps/3/events"}, false)
	f("/apps/3/events", []string{"/prefix/apps/3/events", "/apps/3/events"}, true)
	f("/prefix/apps/3/events", []string{"/prefix/apps/3/events", "/apps/3/events"}, true)
	f("/apps/3/channels/a=b@c,d;e", []string{"/apps/3/channels/a%3Db%40c%2Cd%3Be"}, true)
	f("/apps/3/channels/a%3Db", []string{"/apps/3/channels/a%3Db"}, true)
	f("/apps/3/channels/a%3Db", []string{"/apps/3/channels/a=b"}, false)
	f("/apps/3/channels/a+b", []string{"/apps/3/channels/a+b"}, true)
	f("/apps/3/users/%zz", []string{"/apps/3/users/%zz"}, true)
	f("/apps/3/events", nil, false)
}

func TestStringToSign(t *testing.T) {
	f := func(method string, params []Param, want string) {
		t.Helper()
		if diff := cmp.Diff(want, StringToSign(method, "/p", params)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	f("GET", nil, "GET\n/p\n")
	f("post", nil, "POST\n/p\n")
	f("GET", []Param{{"b", "2"}, {"A", "1"}}, "GET\n/p\na=1&b=2")
	f("GET", []Param{{"k", ""}}, "GET\n/p\nk=")
	f("GET", []Param{{"Auth_Signature", "x"}, {"auth_signature", "y"}}, "GET\n/p\n")
	f("GET", []Param{{"k", "a b&c=ä"}}, "GET\n/p\nk=a b&c=ä")
	f("GET", []Param{{"z", "0"}, {"k[]", "b"}, {"k[]", "a"}}, "GET\n/p\nk[]=b&k[]=a&z=0")
	f("GET", []Param{{"info2", "x"}, {"info[]", "a"}}, "GET\n/p\ninfo[]=a&info2=x") // sorted by the name, not by the bracket
	f("GET", []Param{{"[]", "1"}, {"a[b]", "2"}, {"c]", "3"}}, "GET\n/p\n[]=1&a[b]=2&c]=3")
}

// The vendor's verifier joins arrays as k[]=a&k[]=b, its PHP and Node libraries
// sign k=a,b; PHP then sends k[0]=a&k[1]=b.
func TestArraysInEitherForm(t *testing.T) {
	f := func(canonical string, ok bool, sent ...Param) {
		t.Helper()
		text := "GET\n/apps/3/channels\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0" + canonical
		r := &Request{
			Method: "GET",
			Paths:  []string{"/apps/3/channels"},
			Params: append(signed(sent...), Param{"auth_signature", docs.Hex([]byte(text))}),
		}
		if err := docs.CheckRequest(r, now); (err == nil) != ok {
			t.Errorf("%q for %v: %v", canonical, sent, err)
		}
	}
	f("&k[]=a&k[]=b&l=1", true, Param{"k[]", "a"}, Param{"k[]", "b"}, Param{"l", "1"})
	f("&k=a,b&l=1", true, Param{"k[]", "a"}, Param{"k[]", "b"}, Param{"l", "1"})
	f("&k=a,b", true, Param{"k[0]", "a"}, Param{"k[1]", "b"})
	f("&k=a,b", true, Param{"k", "a,b"})
	f("&k=a", true, Param{"k[]", "a"})
	f("&j=1,2&k=a,b", true, Param{"k[]", "a"}, Param{"j[]", "1"}, Param{"k[]", "b"}, Param{"j[]", "2"})
	f("&k=b,a", false, Param{"k[]", "a"}, Param{"k[]", "b"})
	f("&k=a,b", false, Param{"k", "a"}, Param{"k", "b"})
	f("&k=a&k=b", true, Param{"k", "a"}, Param{"k", "b"})
}

func TestAppendQuery(t *testing.T) {
	f := func(raw string, want ...Param) {
		t.Helper()
		got, err := AppendQuery(nil, raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", raw, diff)
		}
	}
	f("")
	f("&&")
	f("a=1&b", Param{"a", "1"}, Param{"b", ""})
	f("a=b=c", Param{"a", "b=c"})
	f("channels%5B%5D=a%26b+c", Param{"channels[]", "a&b c"})
	f("filter_by_prefix=a;b", Param{"filter_by_prefix", "a;b"})
	for _, bad := range []string{"a=%", "%zz=1", strings.Repeat("a&", MaxParams+1)} {
		if got, err := AppendQuery(nil, bad); err == nil || len(got) > MaxParams {
			t.Errorf("%q: %d parameters, %v", bad[:3], len(got), err)
		}
	}
}

func TestEncryptedChannelVectors(t *testing.T) {
	if got, want := SharedSecret("private-encrypted-channel-a", []byte(strings.Repeat("a", 32))), "Rp+wpkNpL89qhqco1JkIG31AVXyU8PUVJBr1B2MvdoA="; got != want {
		t.Errorf("E1 = %s, want %s", got, want)
	}
	key := ChannelKey("private-encrypted-bla", []byte("This is a string that is 32 chars"))
	if got, want := hex.EncodeToString(key[:]), "004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b"; got != want {
		t.Errorf("E2 = %s, want %s", got, want)
	}
}

// What we sign, encode, decode and check must hold, whatever is in it.
func FuzzStringToSign(f *testing.F) {
	f.Add("POST", "/apps/3/events", "info[]", "a", "info[]", "b", []byte(h1Body))
	f.Add("get", "/a%3Db", "K", "1", "k", "2", []byte(nil))
	f.Add("", "", "a]", "&=+%", "[0]", "\x00\n", []byte("{}"))
	f.Fuzz(func(t *testing.T, method, path, k1, v1, k2, v2 string, body []byte) {
		params := []Param{{k1, v1}, {k2, v2}}
		for _, p := range params {
			if readSigning([]Param{p}) != (signing{}) {
				return // one of the names that sign, which are not the caller's to give
			}
		}
		query := docs.SignRequest(method, path, params, body, now)
		sent, err := AppendQuery(nil, query)
		if err != nil {
			t.Fatal(err)
		}
		r := &Request{Method: method, Paths: []string{url.PathEscape(path)}, Params: sent, Body: body}
		if err := docs.CheckRequest(r, now); err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		text := StringToSign(method, path, sent)
		slices.Reverse(sent)
		if k1 != k2 && arrayBase(strings.ToLower(k1)) != arrayBase(strings.ToLower(k2)) && StringToSign(method, path, sent) != text {
			t.Fatalf("order matters: %q", sent)
		}
		r.Params = append(sent, Param{"x", ""})
		if docs.CheckRequest(r, now) == nil {
			t.Fatal("a parameter that was not signed is accepted")
		}
	})
}

func BenchmarkCheckRequest(b *testing.B) {
	r := h1()
	b.ReportAllocs()
	for b.Loop() {
		if docs.CheckRequest(r, now) != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkAppendQuery(b *testing.B) {
	query := docs.SignRequest("POST", "/apps/3/events", nil, []byte(h1Body), now)
	params := make([]Param, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if params, err = AppendQuery(params[:0], query); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignRequest(b *testing.B) {
	body := []byte(h1Body)
	b.ReportAllocs()
	for b.Loop() {
		docs.SignRequest("POST", "/apps/3/events", nil, body, now)
	}
}
