//go:build engine

// Package engine names the one command that this module exists to build, so that go.sum pins all that it needs.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
