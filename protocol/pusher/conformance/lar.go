package main

import "fmt"

const shipped = `App\Events\OrderShipped`

func lar01(t *T) {
	l, p := t.laravel(), t.puppet()
	l.tab(p, "a", "7")
	for kind, prefix := range map[string]string{"channel": "", "private": "private-", "join": "presence-"} {
		name, room := t.name("orders."), roomOf("a", kind)
		l.open(p, "a", kind, name,
			bind(room, "listen", kind, "OrderShipped"),
			bind(room, "listen", kind, ".order.shipped"))
		l.broadcast(shipped, `{"order":{"id":1,"note":"ü </script>"}}`, "", prefix+name)
		p.hears(kind, `{"order":{"id":1,"note":"ü </script>"}}`)
		l.broadcast("order.shipped", `{"order":2}`, "", prefix+name) // broadcastAs()
		p.hears(kind, `{"order":2}`)
	}
}

func lar02(t *T) {
	l, p := t.laravel(), t.puppet()
	name := t.name("orders.")
	for tab, user := range map[string]string{"origin": "7", "other": "7", "stranger": "8"} {
		l.tab(p, tab, user)
		l.open(p, tab, "private", name, bind(roomOf(tab, "private"), "listen", tab, "OrderShipped"))
	}
	l.broadcast(shipped, `{"n":1}`, l.socket(p, "origin"), "private-"+name)
	l.broadcast(shipped, `{"n":2}`, "", "private-"+name)
	p.hears("origin", `{"n":2}`) // the first was not for this tab
	for _, tab := range []string{"other", "stranger"} {
		p.hears(tab, `{"n":1}`)
		p.hears(tab, `{"n":2}`)
	}
}

func lar03(t *T) {
	l, p := t.laravel(), t.puppet()
	l.tab(p, "a", "7")
	for _, kind := range []string{"private", "join"} {
		room := roomOf("a", kind)
		p.do(
			call("a", kind, room, t.name("orders"+refusedPart)),
			bind(room, "error", kind+" refused"),
			bind(room, "subscribed", kind+" subscribed"))
		args := p.await(kind + " refused")
		var why struct {
			Type   string
			Error  string
			Status int
		}
		t.decode(string(args[0]), &why)
		if why.Type == "" || why.Error == "" || why.Status == 0 {
			t.fatalf(".error() got %s, want type, error and status", args)
		}
	}
	l.open(p, "a", "channel", t.name("public.")) // the connection goes on
	p.heardAll()
}

// lar04 has three users in five tabs, two of whom have two.
func lar04(t *T) {
	l, p := t.laravel(), t.puppet()
	name := t.name("room.")
	open := func(tab, user string) {
		room := roomOf(tab, "join")
		l.tab(p, tab, user)
		p.do(
			call(tab, "join", room, name),
			bind(room, "here", tab+" here"),
			bind(room, "joining", tab+" joining"),
			bind(room, "leaving", tab+" leaving"))
	}
	open("a1", "7")
	p.hears("a1 here", encode([]any{userInfo("7")}))
	open("a2", "7")
	p.hears("a2 here", encode([]any{userInfo("7")}))
	open("b1", "8")
	p.hears("b1 here", encode([]any{userInfo("7"), userInfo("8")}))
	open("b2", "8")
	open("c1", "9")
	for _, tab := range []string{"a1", "a2"} {
		p.hears(tab+" joining", encode(userInfo("8")))
	}
	p.hears("c1 here", encode([]any{userInfo("7"), userInfo("8"), userInfo("9")}))
	p.await("b2 here") // with or without the ninth: it came at the same time
	for _, tab := range []string{"a1", "a2", "b1"} {
		p.hears(tab+" joining", encode(userInfo("9")))
	}
	p.do(call("b1", "leave", "", name)) // 8 is still there
	p.do(call("c1", "leave", "", name))
	p.hears("a1 leaving", encode(userInfo("9")))
	p.do(call("b2", "leave", "", name))
	for _, tab := range []string{"a1", "a2"} {
		if tab == "a2" {
			p.hears("a2 leaving", encode(userInfo("9")))
		}
		p.hears(tab+" leaving", encode(userInfo("8")))
	}
}

func lar07(t *T) {
	l, p := t.laravel(), t.puppet()
	const user = "4207"
	l.tab(p, "a", user)
	l.tab(p, "b", user)
	for _, tab := range []string{"a", "b"} {
		p.do(
			bind(tab+".connector.pusher.user", "bind", tab+" told", "told"),
			call(tab+".connector", "signin", ""))
		t.eventually("Echo has signed in", func() bool {
			return string(p.do(read(tab+".connector.pusher.user.serverToUserChannel.subscribed"))) == "true"
		})
	}
	l.broadcast("told", `{"n":1}`, "", ownChannel+user) // $pusher->sendToUser
	p.hears("a told", `{"n":1}`)
	p.hears("b told", `{"n":1}`)
	l.broadcast("told", `{"n":2}`, "", ownChannel+user+"0")
	l.broadcast("told", `{"n":3}`, "", ownChannel+user)
	p.hears("a told", `{"n":3}`) // the second was for somebody else
	p.hears("b told", `{"n":3}`)
}

func lar05(t *T) {
	l, p := t.laravel(), t.puppet()
	p.do(create("Echo", "a", l.options("reverb", "7")))
	name := t.name("orders.")
	l.open(p, "a", "private", name, bind(roomOf("a", "private"), "listen", "shipped", "OrderShipped"))
	l.broadcast(shipped, `{"n":1}`, "", "private-"+name)
	p.hears("shipped", `{"n":1}`)
}

func lar06(t *T) {
	l, p := t.laravel(), t.puppet()
	l.tab(p, "a", "7")
	const kind = "encryptedPrivate"
	name := t.name("secret.")
	l.open(p, "a", kind, name, bind(roomOf("a", kind), "listen", "shipped", "OrderShipped"))
	channel := "private-encrypted-" + name
	watcher := t.connect(mainApp)
	watcher.subscribeSigned(channel)
	sealed := seal(channel, `{"card":"4242"}`)
	l.broadcast(shipped, sealed, "", channel)
	p.hears("shipped", `{"card":"4242"}`)
	if got := watcher.text(watcher.hears(shipped, channel)); got != sealed {
		t.fatalf("the encrypted data arrived as %q, want %q unchanged", got, sealed)
	}
}

func lar09(t *T) {
	const name = `Illuminate\Notifications\Events\BroadcastNotificationCreated`
	const paid = `{"id":"x","type":"App\\Notifications\\InvoicePaid","amount":1}`
	l, p := t.laravel(), t.puppet()
	l.tab(p, "a", "7")
	user := t.name("App.Models.User.7.")
	l.open(p, "a", "private", user, bind(roomOf("a", "private"), "notification", "notified"))
	l.broadcast(name, paid, "", "private-"+user)
	p.hears("notified", paid)
}

func lar10(t *T) {
	const many = 150
	l, p := t.laravel(), t.puppet()
	l.tab(p, "a", "7")
	channels := make([]string, many)
	for i := range channels {
		channels[i] = t.name("wide.")
		room := fmt.Sprintf("room%d", i)
		p.do(
			call("a", "channel", room, channels[i]),
			bind(room, "subscribed", "subscribed"),
			bind(room, "listen", channels[i], "OrderShipped"))
	}
	for range channels {
		p.await("subscribed")
	}
	l.broadcast(shipped, `{"n":1}`, "", channels...)
	for _, channel := range channels {
		p.hears(channel, `{"n":1}`)
	}
	l.broadcast(shipped, `{"n":2}`, "", channels[0], channels[many-1])
	p.hears(channels[0], `{"n":2}`)
	p.hears(channels[many-1], `{"n":2}`)
	p.heardAll() // none came twice
}

func pre19(t *T) {
	l, p := t.laravel(), t.puppet()
	name := t.name("room.")
	for _, user := range []string{"7", "8"} {
		room := roomOf(user, "join")
		l.tab(p, user, user)
		p.do(
			call(user, "join", room, name),
			bind(room, "here", user+" here"),
			bind(room, "joining", user+" joining"),
			bind(room, "leaving", user+" leaving"))
		if user == "7" {
			p.hears("7 here", encode([]any{userInfo("7")}))
		}
	}
	p.hears("8 here", encode([]any{userInfo("7"), userInfo("8")}))
	p.hears("7 joining", encode(userInfo("8")))
	p.do(call("8", "leave", "", name))
	p.hears("7 leaving", encode(userInfo("8")))
	p.heardAll()
}

func cli16(t *T) {
	l, p := t.laravel(), t.puppet()
	for _, kind := range []string{"private", "join"} {
		name := t.name("chat.")
		for _, user := range []string{"7", "8"} {
			tab := kind + user
			l.tab(p, tab, user)
			l.open(p, tab, kind, name, bind(roomOf(tab, kind), "listenForWhisper", tab, "typing"))
		}
		p.do(call(roomOf(kind+"7", kind), "whisper", "", "typing", map[string]any{"name": "ü"}))
		p.hears(kind+"8", `{"name":"ü"}`)
		p.do(call(roomOf(kind+"8", kind), "whisper", "", "typing", map[string]any{"name": "back"}))
		p.hears(kind+"7", `{"name":"back"}`) // and not its own whisper before
	}
	p.heardAll()
}
