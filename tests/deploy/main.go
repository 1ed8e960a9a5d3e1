// What deploy/check proves about the manifests and the image; its head says what. It plays the parts of Kubernetes that
// matter for one server: it renders and decodes the manifests, starts the image's root file system as a pod, probes it,
// and ends it.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

var (
	root       = flag.String("root", "", "the image's root file system")
	entrypoint = flag.String("entrypoint", "", "the image's entry point")
	imageUser  = flag.String("image_user", "", "the image's user, UID:GID")
	kubernetes = flag.String("kubernetes", "", "the folder of base and overlays")
	compose    = flag.String("compose", "", "compose.yaml")
	tools      = flag.String("tools", "", "the folder of grpcurl and grpc_health_probe")
	work       = flag.String("work", "", "an empty folder")
	page       = flag.String("page", "", "the page of the manual with the clients' service config")
	helm       = flag.String("helm", "", "the folder of the Helm chart")
	writeChart = flag.Bool("write_chart", false, "write the Helm chart from base and overlays, and do nothing else")
	chartAlone = flag.Bool("check_chart", false, "check the Helm chart alone")
	tlsFolder  = flag.String("tls", "", "the folder with tls.crt and tls.key for the Secret of production")
)

// The database of the Secret that production does not hold.
const productionDatabase = "postgresql://postgres:protogres@postgres/demo"

func main() {
	flag.Parse()
	if *writeChart {
		check(writeTheChart(*kubernetes, *helm))
		return
	}
	if *chartAlone {
		check(checkChart(*kubernetes, *helm))
		return
	}
	options, err := serverOptions()
	check(err)
	outside["protogres-tls"], err = tlsSecret()
	check(err)
	config, err := serviceConfig(*page)
	check(err)
	check(checkCompose(*compose, options))
	overlays := []string{"dev", "production"}
	rendered := map[string]*manifests{}
	for _, overlay := range overlays {
		begin := time.Now()
		rendered[overlay], err = render(*kubernetes + "/overlays/" + overlay)
		check(err)
		if problems := rendered[overlay].problems(options, *imageUser); len(problems) > 0 {
			check(fmt.Errorf("%s:\n  %s", overlay, strings.Join(problems, "\n  ")))
		}
		fmt.Printf("%s: %d objects, decoded strictly, fit each other and the server (%s)\n", overlay,
			len(rendered[overlay].objects), since(begin))
	}
	check(checkChart(*kubernetes, *helm))
	fmt.Println("helm: the chart is that of the manifests, and renders base and overlay production")
	for _, overlay := range overlays {
		begin := time.Now()
		done, err := runOverlay(overlay, rendered[overlay], config)
		if err != nil {
			check(fmt.Errorf("%s: %w", overlay, err))
		}
		fmt.Printf("%s: %s (%s)\n", overlay, done, since(begin))
	}
}

func since(begin time.Time) string { return time.Since(begin).Round(100 * time.Millisecond).String() }

func check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "deploy/check: %v\n", err)
		os.Exit(1)
	}
}

func tlsSecret() (map[string]string, error) {
	secret := map[string]string{}
	for _, name := range []string{"tls.crt", "tls.key"} {
		text, err := os.ReadFile(*tlsFolder + "/" + name)
		if err != nil {
			return nil, err
		}
		secret[name] = string(text)
	}
	return secret, nil
}
