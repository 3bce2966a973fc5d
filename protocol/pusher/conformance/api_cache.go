package main

import "net/http"

func api30(t *T) {
	app := t.apps[mainApp]
	for _, prefix := range cachePrefixes {
		channel := t.name(prefix)
		t.exactly(t.get(app, "/channels/"+channel, "info=cache"), `{"occupied":false,"cache":null}`)
		for _, data := range []string{"{\"ü\": \"</script>\u2028\"}", "", `"`, "null"} {
			t.publish(app, "event", data, channel)
			kept := t.asksCache(app, channel)
			if kept == nil || *kept.Data != data {
				t.fatalf("info=cache of %s tells %v, want the data %q", channel, kept, data)
			}
			if ttl, err := kept.TTL.Int64(); err != nil || ttl < 1 || ttl > maxCachedLife {
				t.fatalf("ttl is %s, want whole seconds, 1 to %d", *kept.TTL, maxCachedLife)
			}
		}
	}
}

func api31(t *T) {
	app := t.apps[mainApp]
	_, public := t.occupied()
	for _, channel := range []string{public, t.name("nobody-"), t.name("private-"), t.name("presence-"), t.name("private-encrypted-"), t.name("my-cache-")} {
		t.refuses(t.get(app, "/channels/"+channel, "info=cache"), http.StatusBadRequest)
		t.refuses(t.get(app, "/channels/"+channel, "info=subscription_count,cache"), http.StatusBadRequest)
	}
}
