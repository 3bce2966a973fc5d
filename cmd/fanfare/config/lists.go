package config

import (
	"slices"

	"fanfare/cmd/fanfare/config/setting"
)

// listKeys are the lists of tables that have a variable.
var listKeys = []string{"slow", "webhooks"}

// listFromText reads what a variable or a word says of a whole list, one of listKeys.
func listFromText(key, name, text string) (setting.Draft, error) {
	if key == "slow" {
		return slowFromText(name, text)
	}
	return webhooksFromText(name, text)
}

// listByEnv is the key of the list that a variable describes, "" for none.
func listByEnv(name string) string {
	i := slices.IndexFunc(listKeys, func(key string) bool { return envList(key) == name })
	if i < 0 {
		return ""
	}
	return listKeys[i]
}

func envList(key string) string { return envName("app." + key) }
