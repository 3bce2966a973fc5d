package api

import (
	"github.com/valyala/fastjson"

	"fanfare/channels/apps"
	"fanfare/protocol/strictjson"
)

// publishBatch is POST batch_events. All events are judged before the first is
// published, and room for all of them is made first: it is all or none.
func (k *call) publishBatch() *refusal {
	if no := k.nothingInQuery(); no != nil {
		return no
	}
	o, no := k.object()
	if no != nil {
		return no
	}
	if no := k.readBatch(o.Get("batch")); no != nil {
		return no
	}
	return k.send(k.batchInfo())
}

// readBatch reads the events into the loop's list.
func (k *call) readBatch(batch *fastjson.Value) *refusal {
	limit := k.App.Limits.EventsPerBatch
	if strictjson.Absent(batch) {
		return malformed("batch is missing: send an array of 1 to %d events", limit)
	}
	if batch.Type() != fastjson.TypeArray {
		return malformed("batch must be an array of 1 to %d events, not %s", limit, describe(batch))
	}
	all := batch.GetArray()
	if len(all) == 0 || len(all) > limit {
		return refusef(400, apps.RefusedCount, "batch has %d events: send 1 to %d", len(all), limit)
	}
	for i, v := range all {
		if no := k.addEvent(v, place(i)); no != nil {
			return no
		}
	}
	return nil
}

func (k *call) addEvent(v *fastjson.Value, p place) *refusal {
	o, err := v.Object()
	if err != nil {
		return malformed(`%s must be an object with name, channel and data, not %s`, item("batch", int(p)), describe(v))
	}
	e, no := k.readEvent(o, p)
	if no != nil {
		return no
	}
	if e.channels, no = k.readChannel(o, p); no != nil {
		return no
	}
	k.home.events = append(k.home.events, e)
	return nil
}

// batchInfo is the answer to a batch: an object for each event if one of them
// asks for something.
func (k *call) batchInfo() []byte {
	var asked attributes
	for i := range k.home.events {
		asked |= k.home.events[i].info
	}
	if asked == 0 {
		return emptyObject
	}
	answer := []byte(`{"batch":[`)
	for i := range k.home.events {
		e := &k.home.events[i]
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = append(answer, '{')
		answer = k.appendCounts(answer, e.channels[0], e.info)
		answer = append(answer, '}')
	}
	return append(answer, "]}"...)
}
