package wire

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

var docs = App{"3", "278d425bdf160c739803", "7ad3773142a6692b25b8"}

func TestToken(t *testing.T) {
	php := App{"1", "thisisaauthkey", "thisisasecret"}
	tests := []struct {
		app                   App
		socket, channel, data string
		want                  string
	}{
		{docs, "1234.1234", "private-foobar", "", "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"},
		{
			docs, "1234.1234", "presence-foobar", `{"user_id":10,"user_info":{"name":"Mr. Channels"}}`,
			"31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
		},
		{php, "45055.28877557", "-azAZ9_=@,.;", `{"user_id": "123"}`, "3b3f1dcc4d7d2f95dd10ed05562397b3287b102d4cccfacbf30eed2f1ffa3d69"},
	}
	for _, tt := range tests {
		if got, want := tt.app.Token(tt.socket, tt.channel, tt.data), tt.app.Key+":"+tt.want; got != want {
			t.Errorf("Token(%s, %s, %s) = %s, want %s", tt.socket, tt.channel, tt.data, got, want)
		}
	}
}

func TestAuthenticate(t *testing.T) {
	const body = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	then := time.Unix(1353088179, 0)
	r := Request{Method: "POST", Path: "/apps/3/events", Body: body}
	want := []Param{
		{"auth_key", docs.Key},
		{"auth_timestamp", "1353088179"},
		{"auth_version", "1.0"},
		{"body_md5", "ec365a775a4cd0599faeb73354201b6f"},
		{"auth_signature", "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"},
	}
	if diff := gocmp.Diff(want, docs.Authenticate(r, then).Query); diff != "" {
		t.Errorf("the documentation's request (-want +got):\n%s", diff)
	}
	r.Query = []Param{{"auth_version", "-"}, {"auth_key", "mine"}, {"auth_signature", "none"}}
	got := docs.Authenticate(r, then).Query
	slices.SortFunc(got, func(a, b Param) int { return cmp.Compare(a.Name, b.Name) })
	want = []Param{{"auth_key", "mine"}, {"auth_signature", "none"}, {"auth_timestamp", "1353088179"}, want[3]}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("a request with parameters of its own (-want +got):\n%s", diff)
	}
}

func TestTextToSign(t *testing.T) {
	r := Request{
		Method: "GET", Path: "/prefix/apps/3/channels", Signed: "/apps/3/channels",
		Query: []Param{{"info", "user_count"}, {"a1", "x"}, {"Auth_Key", "k"}, {"a", "b&c=d"}, {"auth_signature", "s"}, {"empty", ""}},
	}
	const want = "GET\n/apps/3/channels\na=b&c=d&a1=x&auth_key=k&empty=&info=user_count"
	if got := r.TextToSign(); got != want {
		t.Errorf("TextToSign = %q, want %q", got, want)
	}
}

func TestParseApp(t *testing.T) {
	if got, err := ParseApp("1:k:s"); err != nil || got != (App{"1", "k", "s"}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "1:k", "1:k:s:x", "1::s"} {
		if _, err := ParseApp(bad); err == nil {
			t.Errorf("ParseApp(%q) was accepted", bad)
		}
	}
}
