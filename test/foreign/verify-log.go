// Command verify-log checks a log folder as it lies there, with golang.org/x/mod/sumdb and nothing of ours.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify-log.go FOLDER [VKEY]
//
// It opens the signed note with the verifier key (by default the one in the folder), hashes every entry of every bundle,
// stores the hashes as sumdb/tlog wants them, compares every tile that the checkpoint implies with what they give, and compares
// the tree hash with the signed root. It prints size and root; any mismatch ends it with status 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

type checkpoint struct {
	size int64
	root tlog.Hash
}

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: verify-log FOLDER [VKEY]")
		os.Exit(2)
	}
	vkey := ""
	if len(os.Args) == 3 {
		vkey = os.Args[2]
	}
	signed, err := verify(os.Args[1], vkey)
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify-log:", err)
		os.Exit(1)
	}
	fmt.Println(signed.size, signed.root)
}

func verify(folder, vkey string) (*checkpoint, error) {
	signed, err := openCheckpoint(folder, vkey)
	if err != nil {
		return nil, err
	}
	hashes, err := hashEntries(folder, signed.size)
	if err != nil {
		return nil, err
	}
	// RFC 6962: the empty tree has the hash of nothing; older versions of tlog.TreeHash give zeros.
	root := tlog.Hash(sha256.Sum256(nil))
	if signed.size > 0 {
		if root, err = tlog.TreeHash(signed.size, hashes); err != nil {
			return nil, err
		}
	}
	if root != signed.root {
		return nil, fmt.Errorf("the entries give root %v, signed is %v", root, signed.root)
	}
	return signed, checkTiles(folder, signed.size, hashes)
}

// openCheckpoint opens the note and reads the body of a C2SP checkpoint: origin, size, root.
// (tlog.ParseTree reads only the trees of the Go checksum database.)
func openCheckpoint(folder, vkey string) (*checkpoint, error) {
	if vkey == "" {
		text, err := os.ReadFile(filepath.Join(folder, "vkey"))
		if err != nil {
			return nil, err
		}
		vkey = strings.TrimSpace(string(text))
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	message, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return nil, err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return nil, errors.New("the checkpoint is malformed or of another origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return nil, errors.New("the size of the checkpoint is malformed")
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return nil, errors.New("the root of the checkpoint is malformed")
	}
	signed := &checkpoint{size: size}
	copy(signed.root[:], raw)
	return signed, nil
}

// storedHashes is the sequence of all complete subtree hashes, in the order of sumdb/tlog.
type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	result := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not stored", index)
		}
		result[i] = s[index]
	}
	return result, nil
}

func hashEntries(folder string, size int64) (storedHashes, error) {
	var hashes storedHashes
	for first := int64(0); first < size; first += tileWidth {
		width := int(min(tileWidth, size-first))
		entries, err := readBundle(folder, first/tileWidth, width)
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			added, err := tlog.StoredHashes(first+int64(i), entry, hashes)
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, added...)
		}
	}
	return hashes, nil
}

func readBundle(folder string, n int64, width int) ([][]byte, error) {
	path := c2spPath("entries", n, width)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut off", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("%s has %d entries instead of %d", path, len(entries), width)
	}
	return entries, nil
}

// checkTiles compares every hash tile that a tree of this size has with the hashes of the entries.
func checkTiles(folder string, size int64, hashes storedHashes) error {
	for level, count := 0, size; count > 0; level, count = level+1, count/tileWidth {
		for n := int64(0); n*tileWidth < count; n++ {
			width := int(min(tileWidth, count-n*tileWidth))
			path := c2spPath(strconv.Itoa(level), n, width)
			stored, err := os.ReadFile(filepath.Join(folder, path))
			if err != nil {
				return err
			}
			expected, err := tlog.ReadTileData(tlog.Tile{H: tileHeight, L: level, N: n, W: width}, hashes)
			if err != nil {
				return err
			}
			if !bytes.Equal(stored, expected) {
				return fmt.Errorf("%s differs from the entries below it", path)
			}
		}
	}
	return nil
}

// c2spPath is tile/<level>/<N>[.p/<W>]: like tlog.Tile.Path without the height, and with bundles called entries.
func c2spPath(level string, n int64, width int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	path = "tile/" + level + "/" + path
	if width < tileWidth {
		path += ".p/" + strconv.Itoa(width)
	}
	return path
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
