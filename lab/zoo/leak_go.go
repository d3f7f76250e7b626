// Requests that time out: the goroutine that serves one waits for ever to hand over an answer that nobody takes, and
// keeps it.
package main

import (
	"fmt"
	"os"
	"time"
)

const answerBytes = 8192

func serve(answers chan<- []byte) {
	answer := make([]byte, answerBytes)
	for i := 0; i < len(answer); i += 4096 {
		answer[i] = 1
	}
	answers <- answer
}

func main() {
	pace := begin("BYTES_PER_SECOND", "Goroutines that wait for ever, with what they keep.")
	const takes = answerBytes + 2048 // the answer, and a stack
	var lost float64
	for pace.goesOn() {
		for (lost+1)*takes <= pace.due() {
			go serve(make(chan []byte))
			lost++
		}
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Fprintf(os.Stdout, "done %.0f bytes\n", lost*takes)
}
