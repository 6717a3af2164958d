// Package informers judges a cluster with client-go's informers, as every controller uses them.
//
// KUBECONFIG names the cluster. KILL_URL, where given, is posted to for `kill -9` of its API server and a new start;
// it answers when the server is ready again.
package informers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func config(t *testing.T) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(t, err)
	config.QPS, config.Burst = 500, 1000
	return config
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A namespace of the test's own, deleted at its end.
func namespace(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	created, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "informers-"}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), created.Name, metav1.DeleteOptions{})
	})
	return created.Name
}

// Waits for a condition; the limit only ends a test that would never end.
func until(t *testing.T, what string, limit time.Duration, met func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !met(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting for: %s", what)
		}
	}
}

// What a client asked of the server.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		answer, err := next.RoundTrip(request)
		status := 0
		if answer != nil {
			status = answer.StatusCode
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, fmt.Sprintf("%s %s %d", request.Method, request.URL.RequestURI(), status))
		return answer, err
	})
}

func (r *record) count(parts ...string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := 0
lines:
	for _, line := range r.lines {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue lines
			}
		}
		found++
	}
	return found
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// A wire between the client and the server that can be cut and joined again.
type wire struct {
	mu     sync.Mutex
	cut    bool
	joined []net.Conn
}

func (w *wire) into(config *rest.Config) {
	dialer := net.Dialer{}
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.cut {
			return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		}
		connection, err := dialer.DialContext(ctx, network, address)
		if err == nil {
			w.joined = append(w.joined, connection)
		}
		return connection, err
	}
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for _, connection := range w.joined {
			_ = connection.Close()
		}
		w.joined = nil
	}
}

// Kills the API server without warning and waits until it serves again.
func killServer(t *testing.T) {
	t.Helper()
	at := os.Getenv("KILL_URL")
	if at == "" {
		t.Skip("KILL_URL is not given")
	}
	answer, err := http.PostForm(at, url.Values{})
	must(t, err)
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the server did not come back: %s", text)
	}
}
