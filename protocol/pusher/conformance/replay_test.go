package main

import (
	"testing"
	"time"

	"fanfare/protocol/pusher/conformance/wire"
)

// Requests as the libraries wrote them, with the credentials and the time of the
// documentation's vectors.
func TestDialects(t *testing.T) {
	const key = "278d425bdf160c739803"
	tests := []struct {
		name    string
		dialect dialect
		request wire.Request
		want    string
	}{
		{
			"PHP get", php7,
			wire.Request{Method: "GET", Path: "/apps/3/channels", Query: []wire.Param{{Name: "info", Value: "user_count"}, {Name: "filter_by_prefix", Value: "presence-"}}},
			"/apps/3/channels?auth_key=" + key + "&auth_signature=16819168891cb5dfd72b5c7a5d3d602605b26c6ba1930033b5e2eeeb65010291&auth_timestamp=1353088179&auth_version=1.0&filter_by_prefix=presence-&info=user_count",
		},
		{
			"PHP post", php7,
			wire.Request{Method: "POST", Path: "/apps/3/users/123/terminate_connections", Body: "{}"},
			"/apps/3/users/123/terminate_connections?auth_key=" + key + "&auth_signature=7f5938e2ffaa9782122cc07b793b91db2cc00581282e210d40d7590adc3c7d4b&auth_timestamp=1353088179&auth_version=1.0&body_md5=99914b932bd37a50b983c5e7c90ae93b",
		},
		{
			"PHP array", php7Array,
			wire.Request{Method: "GET", Path: "/apps/3/channels/presence-a", Query: []wire.Param{{Name: "info", Value: bothCounts}}},
			"/apps/3/channels/presence-a?auth_key=" + key + "&auth_signature=cb95e8fdce356a7c0822801195ea86a96b35fda672140e65120a4cc3568caf2b&auth_timestamp=1353088179&auth_version=1.0&info%5B0%5D=user_count&info%5B1%5D=subscription_count",
		},
		{
			"Ruby get", ruby2,
			wire.Request{Method: "GET", Path: "/apps/3/channels", Query: []wire.Param{{Name: "filter_by_prefix", Value: "presence-"}, {Name: "info[]", Value: "user_count"}}},
			"/apps/3/channels?filter_by_prefix=presence-&info[]=user_count&auth_version=1.0&auth_key=" + key + "&auth_timestamp=1353088179&auth_signature=67c5209b8a7d2ff4599c6a373e782c3154b0ef066db5ff04aac8235e5615e506",
		},
		{
			"Ruby post", ruby2,
			wire.Request{Method: "POST", Path: "/apps/3/events", Body: `{"socket_id":"12.34","name":"event","channels":["project-3","c2"],"data":"{\"some\":\"data\"}"}`},
			"/apps/3/events?body_md5=f79e29e4559d891846c12ed26ff6293f&auth_version=1.0&auth_key=" + key + "&auth_timestamp=1353088179&auth_signature=a354907ee2654aac99678b59a49d5dadb57d6746526e5b0c6ee042f73dfb9c7a",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.dialect.write(vectorCredentials.Authenticate(tt.request, time.Unix(vectorTime, 0)))
			if got.Path != tt.want || got.Body != tt.request.Body || got.Method != tt.request.Method {
				t.Errorf("wrote %s %s\nwant  %s", got.Method, got.Path, tt.want)
			}
		})
	}
}

func TestPHPText(t *testing.T) {
	for in, want := range map[string]string{
		`App\Events\X`:           `"App\\Events\\X"`,
		`{"message":"hü / <b>"}`: `"{\"message\":\"h\u00fc \/ <b>\"}"`,
		"😀":                      `"\ud83d\ude00"`,
	} {
		if got := phpText(in); got != want {
			t.Errorf("phpText(%s) = %s, want %s", in, got, want)
		}
	}
}
