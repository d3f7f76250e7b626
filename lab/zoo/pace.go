package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// What a program of the zoo is told: an amount per second (or a level), and for how long.
type pace struct {
	rate    float64
	seconds float64
	start   time.Time
}

func amount(text string) float64 {
	factor := 1.0
	for i, unit := range "KMG" {
		if strings.HasSuffix(text, string(unit)) {
			factor = float64(int64(1) << (10 * (i + 1)))
			text = text[:len(text)-1]
			break
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return value * factor
}

// Exits with 2 and the usage when the arguments make no sense.
func begin(first string, does string) pace {
	told := pace{start: time.Now()}
	if len(os.Args) == 3 {
		told.rate, told.seconds = amount(os.Args[1]), amount(os.Args[2])
	}
	if told.rate <= 0 || told.seconds <= 0 {
		fmt.Fprintf(os.Stderr, "usage: %s %s SECONDS\n%s\n", os.Args[0], first, does)
		os.Exit(2)
	}
	fmt.Printf("pid %d\n", os.Getpid())
	return told
}

func (p pace) elapsed() float64 { return time.Since(p.start).Seconds() }
func (p pace) goesOn() bool     { return p.elapsed() < p.seconds }
func (p pace) due() float64     { return p.rate * p.elapsed() }
