// A collected heap at work: a working set of the given size, all of it replaced every few seconds.
package main

import (
	"fmt"
	"os"
	"time"
)

const blockBytes = 16384

func main() {
	pace := begin("LEVEL_BYTES", "Makes garbage in Go, and keeps a working set of LEVEL_BYTES.")
	kept := make([][]byte, int(pace.rate)/blockBytes+1)
	made := 0
	for pace.goesOn() {
		// A tenth of the working set in a tick of 200 ms.
		for i := 0; i <= len(kept)/10; i++ {
			block := make([]byte, blockBytes)
			for at := 0; at < blockBytes; at += 4096 {
				block[at] = 1
			}
			kept[made%len(kept)] = block
			made++
		}
		time.Sleep(200 * time.Millisecond)
	}
	fmt.Fprintf(os.Stdout, "done %d blocks\n", made)
}
