package informers

import (
	"fmt"
	"math/rand"
	"reflect"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Every event that an informer's handlers were given, in order.
type history struct {
	mu      sync.Mutex
	added   map[string]int
	updated map[string]int
	deleted map[string]int
	resyncs int
	faults  []string
	last    map[string]string
}

func follow(informer cache.SharedIndexInformer) *history {
	h := &history{added: map[string]int{}, updated: map[string]int{}, deleted: map[string]int{}, last: map[string]string{}}
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) {
			h.mu.Lock()
			defer h.mu.Unlock()
			it := object.(*corev1.ConfigMap)
			if _, known := h.last[it.Name]; known {
				h.faults = append(h.faults, "added twice: "+it.Name)
			}
			h.added[it.Name]++
			h.last[it.Name] = it.ResourceVersion
		},
		UpdateFunc: func(before, after any) {
			h.mu.Lock()
			defer h.mu.Unlock()
			was, is := before.(*corev1.ConfigMap), after.(*corev1.ConfigMap)
			if was.ResourceVersion == is.ResourceVersion {
				h.resyncs++
				return
			}
			h.updated[is.Name]++
			h.last[is.Name] = is.ResourceVersion
		},
		DeleteFunc: func(object any) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if unknown, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
				object = unknown.Obj
			}
			it := object.(*corev1.ConfigMap)
			if _, known := h.last[it.Name]; !known {
				h.faults = append(h.faults, "deleted but never added: "+it.Name)
			}
			h.deleted[it.Name]++
			delete(h.last, it.Name)
		},
	})
	return h
}

func (h *history) read(look func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	look()
}

func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"part-of": "informers"}},
		Data:       map[string]string{"value": value},
	}
}

type subject struct {
	client   kubernetes.Interface
	space    string
	informer cache.SharedIndexInformer
	history  *history
	asked    *record
	wire     *wire
}

// An informer of config maps in a namespace of its own; every write goes by another client.
func start(t *testing.T, resync time.Duration, kind string) *subject {
	t.Helper()
	plain := config(t)
	writer, err := kubernetes.NewForConfig(plain)
	must(t, err)
	observed := rest.CopyConfig(plain)
	if kind != "" {
		observed.ContentType = kind
		observed.AcceptContentTypes = kind + ",application/json"
	}
	s := &subject{client: writer, asked: &record{}, wire: &wire{}}
	s.wire.into(observed)
	observed.Wrap(s.asked.wrap)
	reader, err := kubernetes.NewForConfig(observed)
	must(t, err)
	s.space = namespace(t, writer)
	// One object is there before the informer is.
	_, err = writer.CoreV1().ConfigMaps(s.space).Create(t.Context(), configMap("before", "0"), metav1.CreateOptions{})
	must(t, err)
	factory := informers.NewSharedInformerFactoryWithOptions(reader, resync, informers.WithNamespace(s.space),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "part-of=informers" }))
	s.informer = factory.Core().V1().ConfigMaps().Informer()
	s.history = follow(s.informer)
	factory.Start(t.Context().Done())
	if !cache.WaitForCacheSync(t.Context().Done(), s.informer.HasSynced) {
		t.Fatal("the informer never synced")
	}
	return s
}

// Whether the informer holds exactly what the server does.
func (s *subject) agrees(t *testing.T) bool {
	list, err := s.client.CoreV1().ConfigMaps(s.space).List(t.Context(),
		metav1.ListOptions{LabelSelector: "part-of=informers"})
	if err != nil {
		return false
	}
	is := map[string]string{}
	for _, item := range list.Items {
		is[item.Name] = item.ResourceVersion
	}
	held := map[string]string{}
	for _, item := range s.informer.GetStore().List() {
		held[item.(*corev1.ConfigMap).Name] = item.(*corev1.ConfigMap).ResourceVersion
	}
	return reflect.DeepEqual(is, held)
}

func (s *subject) settle(t *testing.T) {
	t.Helper()
	until(t, "the informer and the server to agree", time.Minute, func() bool { return s.agrees(t) })
	s.history.read(func() {
		for _, fault := range s.history.faults {
			t.Error(fault)
		}
	})
}

// Writes at random: creates, updates, takes out of the selection and puts back, deletes.
func (s *subject) churn(t *testing.T, seed int64, writes int) {
	t.Helper()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	maps := s.client.CoreV1().ConfigMaps(s.space)
	for i := range writes {
		name := fmt.Sprintf("item-%d", random.Intn(20))
		var err error
		switch random.Intn(6) {
		case 0, 1:
			_, err = maps.Create(t.Context(), configMap(name, fmt.Sprint(i)), metav1.CreateOptions{})
		case 2, 3:
			_, err = maps.Update(t.Context(), configMap(name, fmt.Sprint(i)), metav1.UpdateOptions{})
		case 4:
			other := configMap(name, fmt.Sprint(i))
			other.Labels = nil
			_, err = maps.Update(t.Context(), other, metav1.UpdateOptions{})
		default:
			err = maps.Delete(t.Context(), name, metav1.DeleteOptions{})
		}
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

func TestInformerStartsWithOneWatchList(t *testing.T) {
	s := start(t, 0, "")
	s.settle(t)
	if s.asked.count("GET", "/configmaps", "watch=true", "sendInitialEvents=true", " 200") != 1 {
		t.Errorf("not one WatchList: %v", s.asked.lines)
	}
	if s.asked.count("/configmaps", "limit=") != 0 {
		t.Errorf("fell back to a list: %v", s.asked.lines)
	}
}

func TestInformerFollowsEveryWrite(t *testing.T) {
	s := start(t, 0, "")
	maps := s.client.CoreV1().ConfigMaps(s.space)
	_, err := maps.Create(t.Context(), configMap("one", "1"), metav1.CreateOptions{})
	must(t, err)
	for i := range 5 {
		_, err = maps.Update(t.Context(), configMap("one", fmt.Sprint(2+i)), metav1.UpdateOptions{})
		must(t, err)
	}
	must(t, maps.Delete(t.Context(), "one", metav1.DeleteOptions{}))
	until(t, "the end of one", time.Minute, func() (done bool) {
		s.history.read(func() { done = s.history.deleted["one"] == 1 })
		return
	})
	s.history.read(func() {
		if s.history.added["one"] != 1 || s.history.updated["one"] != 5 {
			t.Errorf("added %d times, updated %d times", s.history.added["one"], s.history.updated["one"])
		}
	})
	s.settle(t)
}

func TestInformerAgreesAfterChurn(t *testing.T) {
	s := start(t, 0, "")
	s.churn(t, time.Now().UnixNano(), 1000)
	s.settle(t)
}

func TestInformerThatPrefersProtobuf(t *testing.T) {
	s := start(t, 0, "application/vnd.kubernetes.protobuf")
	s.churn(t, time.Now().UnixNano(), 100)
	s.settle(t)
}

func TestInformerResyncs(t *testing.T) {
	s := start(t, time.Second, "")
	until(t, "two resyncs", time.Minute, func() (done bool) {
		s.history.read(func() { done = s.history.resyncs >= 2 })
		return
	})
	if lists := s.asked.count("sendInitialEvents=true"); lists != 1 {
		t.Errorf("a resync asked the server again: %d", lists)
	}
}

func TestInformerGoesOnAfterTheWireWasCut(t *testing.T) {
	s := start(t, 0, "")
	s.settle(t)
	for range 5 {
		s.wire.set(true)
		s.churn(t, time.Now().UnixNano(), 50)
		s.wire.set(false)
		s.settle(t)
	}
}

func TestInformerGoesOnAfterTheServerWasKilled(t *testing.T) {
	s := start(t, 0, "")
	s.churn(t, time.Now().UnixNano(), 100)
	killServer(t)
	s.churn(t, time.Now().UnixNano(), 100)
	s.settle(t)
	s.history.read(func() {
		if s.history.added["before"] != 1 || s.history.deleted["before"] != 0 {
			t.Error("an object that was there all the time came or went")
		}
	})
}

// Takes as long as the server keeps its history (5 minutes), so `go test -short` leaves it out. It is killed meanwhile,
// since what it still has in memory it can tell all the same.
func TestInformerListsAgainWhenItsVersionIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the server forgets its history")
	}
	s := start(t, 0, "")
	s.settle(t)
	old := s.informer.LastSyncResourceVersion()
	s.wire.set(true)
	s.churn(t, time.Now().UnixNano(), 100)
	killServer(t)
	until(t, "the server to forget version "+old, 15*time.Minute, func() bool {
		time.Sleep(time.Second)
		watch, err := s.client.CoreV1().ConfigMaps(s.space).Watch(t.Context(), metav1.ListOptions{ResourceVersion: old})
		if err != nil {
			return apierrors.IsResourceExpired(err) || apierrors.IsGone(err)
		}
		defer watch.Stop()
		select {
		case event := <-watch.ResultChan():
			return event.Type == "ERROR" && apierrors.IsResourceExpired(apierrors.FromObject(event.Object))
		case <-time.After(5 * time.Second):
			return false
		}
	})
	s.wire.set(false)
	s.settle(t)
	if lists := s.asked.count("sendInitialEvents=true", " 200"); lists < 2 {
		t.Errorf("did not list again: %v", s.asked.lines)
	}
}
