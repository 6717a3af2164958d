package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	_ "k8s.io/kubernetes/pkg/controller/cronjob"
)

type Case struct {
	Schedule string   `json:"schedule"`
	Zone     string   `json:"zone"`
	From     string   `json:"from"`
	Next     []string `json:"next"`
}

var r = rand.New(rand.NewSource(35))

func pick[T any](xs ...T) T { return xs[r.Intn(len(xs))] }

func field(low, high int) string {
	value := func() int { return low + r.Intn(high-low+1) }
	switch r.Intn(6) {
	case 0, 1:
		return "*"
	case 2:
		return fmt.Sprintf("*/%d", 1+r.Intn(high))
	case 3:
		a, b := value(), value()
		if a > b {
			a, b = b, a
		}
		return fmt.Sprintf("%d-%d%s", a, b, pick("", "/2", "/5"))
	case 4:
		return fmt.Sprintf("%d,%d", value(), value())
	}
	return fmt.Sprint(value())
}

func main() {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Taipei", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia"}
	var cases []Case
	for n := 0; n < 1500; n++ {
		schedule := strings.Join([]string{field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)}, " ")
		if n%4 == 0 {
			schedule = fmt.Sprintf("%s %s * * *", pick("0", "30", "*/20", "15,45"), pick("*", "0-4", "1", "2", "3", "23", "*/2"))
		} else if n%29 == 0 {
			schedule = pick("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@every 1h30m", "@every 90s", "@midnight", "0 0 1 jan,Dec ?", "0 4 * * mon-fri")
		}
		zone := pick(zones...)
		from := time.Date(2025+r.Intn(3), time.Month(1+r.Intn(12)), 1+r.Intn(28), r.Intn(24), r.Intn(60), r.Intn(60), 0, time.UTC)
		if n%4 == 0 {
			// About the nights on which clocks change.
			day := pick("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2026-04-24", "2026-10-30")
			from, _ = time.Parse("2006-01-02", day)
			from = from.Add(time.Duration(r.Intn(48*60)-24*60) * time.Minute)
		}
		parsed, err := cron.ParseStandard(fmt.Sprintf("TZ=%s %s", zone, schedule))
		if err != nil {
			panic(err)
		}
		c := Case{Schedule: schedule, Zone: zone, From: from.Format(time.RFC3339)}
		for t := parsed.Next(from); !t.IsZero() && len(c.Next) < 4; t = parsed.Next(t) {
			c.Next = append(c.Next, t.UTC().Format(time.RFC3339))
		}
		cases = append(cases, c)
	}
	f, _ := os.Create(os.Args[1])
	z, _ := gzip.NewWriterLevel(f, 9)
	json.NewEncoder(z).Encode(map[string]any{"cases": cases})
	z.Close()
	f.Close()
}
