package podgc

import (
	"context"
	"encoding/json"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	core "k8s.io/client-go/testing"
)

// GoldenPatch is what a pod's status became before its deletion.
type GoldenPatch struct {
	Name   string          `json:"name"`
	Status json.RawMessage `json:"status"`
}

// GoldenResult is what one look at the whole cluster did.
type GoldenResult struct {
	Patched []GoldenPatch `json:"patched,omitempty"`
	Deleted []string      `json:"deleted,omitempty"`
}

// GoldenLook runs the collector once, with the quarantine of every node over.
func GoldenLook(pods []*v1.Pod, nodes []*v1.Node, threshold int) GoldenResult {
	result := GoldenResult{}
	ctx := context.Background()
	client := fake.NewSimpleClientset()
	for _, pod := range pods {
		client.Tracker().Add(pod)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	gcc := NewPodGCInternal(ctx, client, factory.Core().V1().Pods(), factory.Core().V1().Nodes(), threshold, 0, 0)
	for _, pod := range pods {
		factory.Core().V1().Pods().Informer().GetIndexer().Add(pod)
	}
	for _, node := range nodes {
		client.Tracker().Add(node)
		factory.Core().V1().Nodes().Informer().GetIndexer().Add(node)
	}
	gcc.gc(ctx)
	for _, action := range client.Actions() {
		switch a := action.(type) {
		case core.PatchActionImpl:
			patch := struct{ Status json.RawMessage }{}
			json.Unmarshal(a.GetPatch(), &patch)
			result.Patched = append(result.Patched, GoldenPatch{Name: a.GetName(), Status: patch.Status})
		case core.DeleteActionImpl:
			result.Deleted = append(result.Deleted, a.GetName())
		}
	}
	return result
}
