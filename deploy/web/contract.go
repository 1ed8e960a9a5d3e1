package main

import (
	"errors"
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	// What a contract may import without having it.
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
)

// wellKnown adds google/protobuf/* to the files of a set that does not have them.
func wellKnown(set *descriptorpb.FileDescriptorSet) {
	has := map[string]bool{}
	for _, file := range set.File {
		has[file.GetName()] = true
	}
	for _, file := range set.File {
		for _, name := range file.Dependency {
			if known, err := protoregistry.GlobalFiles.FindFileByPath(name); err == nil && !has[name] {
				has[name] = true
				set.File = append(set.File, protodesc.ToFileDescriptorProto(known))
			}
		}
	}
}

// readContract is the services of a FileDescriptorSet, such as contract.binpb, and the types of their messages.
func readContract(path string) ([]protoreflect.ServiceDescriptor, *dynamicpb.Types, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(bytes, set); err != nil {
		return nil, nil, fmt.Errorf("%s is no FileDescriptorSet: %w", path, err)
	}
	wellKnown(set)
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	var services []protoreflect.ServiceDescriptor
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			services = append(services, file.Services().Get(i))
		}
		return true
	})
	if len(services) == 0 {
		return nil, nil, errors.New(path + " has no services")
	}
	return services, dynamicpb.NewTypes(files), nil
}
