package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	"k8s.io/kubernetes/pkg/kubelet/images"
	"k8s.io/utils/ptr"
)

func main() {
	r := rand.New(rand.NewSource(35))
	cases := []images.GoldenCase{}
	removed := 0
	for len(cases) < 1500 {
		c := images.GoldenCase{Capacity: uint64(r.Int63n(200 << 30)), High: 60 + r.Intn(41), MinAge: int64([]int{0, 120, 600}[r.Intn(3)]), All: r.Intn(5) == 0}
		if r.Intn(50) == 0 {
			c.Capacity = 0
		}
		if c.Capacity > 0 {
			c.Available = uint64(r.Int63n(int64(c.Capacity/2) + 1))
		}
		c.Low = c.High - r.Intn(20)
		// No two times are the same: which of two such goes first is chance.
		times := r.Perm(3000)
		for n := r.Intn(12); n > 0; n-- {
			image := images.GoldenImage{ID: fmt.Sprintf("sha256:%03d", r.Intn(1000)*100+n), Size: r.Int63n(8 << 30), Pinned: r.Intn(8) == 0, InUse: r.Intn(3) == 0}
			if n > 1 || r.Intn(2) == 0 {
				// Never on the edge of an age.
				image.FirstSeen = ptr.To(int64(times[2*n]*60 + 30))
				if r.Intn(2) == 0 {
					image.LastUsed = ptr.To(int64(times[2*n+1]*60 + 30))
					// Nobody uses what is not there yet.
					if *image.LastUsed > *image.FirstSeen {
						image.FirstSeen, image.LastUsed = image.LastUsed, image.FirstSeen
					}
				}
			}
			c.Images = append(c.Images, image)
		}
		images.GoldenCollect(&c)
		removed += len(c.Removed)
		cases = append(cases, c)
	}
	file, _ := os.Create(os.Args[1])
	defer file.Close()
	zip, _ := gzip.NewWriterLevel(file, 9)
	defer zip.Close()
	if err := json.NewEncoder(zip).Encode(cases); err != nil {
		panic(err)
	}
	fmt.Println(len(cases), "cases,", removed, "images removed")
}
