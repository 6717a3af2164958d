package node

// GoldenGraph is a graph that hears of objects as from informers.
type GoldenGraph struct {
	Graph     *Graph
	populator *graphPopulator
}

// GoldenNew makes an empty one.
func GoldenNew() GoldenGraph {
	graph := NewGraph()
	return GoldenGraph{graph, &graphPopulator{graph: graph}}
}

// Pod hears of a change: nothing before is a new one, nothing after a deleted one.
func (g GoldenGraph) Pod(before, after any) {
	if after == nil {
		g.populator.deletePod(before)
	} else {
		g.populator.updatePod(before, after)
	}
}

func (g GoldenGraph) Volume(before, after any) {
	if after == nil {
		g.populator.deletePV(before)
	} else {
		g.populator.updatePV(before, after)
	}
}

func (g GoldenGraph) Attachment(before, after any) {
	if after == nil {
		g.populator.deleteVolumeAttachment(before)
	} else {
		g.populator.updateVolumeAttachment(before, after)
	}
}

// Slice has no changes that count.
func (g GoldenGraph) Slice(before, after any) {
	if after == nil {
		g.populator.deleteResourceSlice(before)
	} else if before == nil {
		g.populator.addResourceSlice(after)
	}
}
