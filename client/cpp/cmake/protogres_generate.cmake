# protogres_generate(TARGET CONTRACT_DIR [FILE...]): a static library of the messages and stubs that protoc makes of a
# contract, as `protogres contract --out=CONTRACT_DIR` has written it: of all of it, or of these files of it with all that
# they import. The contract of transactions is a part of the client library, and is not generated again: a program may have
# each message once.

# Adds to the list `files` the files of the contract that these import, and that those import.
function(protogres_add_imports contract files)
  set(found ${${files}})
  set(unread ${found})
  while(unread)
    list(POP_FRONT unread file)
    file(STRINGS ${contract}/${file} lines REGEX "^import ")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^import [^\"]*\"([^\"]*)\".*$" "\\1" import "${line}")
      if(EXISTS ${contract}/${import} AND NOT import IN_LIST found)
        list(APPEND found ${import})
        list(APPEND unread ${import})
      endif()
    endforeach()
  endwhile()
  set(${files} ${found} PARENT_SCOPE)
endfunction()

function(protogres_generate target contract)
  get_filename_component(contract ${contract} ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(protos ${ARGN})
  if(NOT protos)
    file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${contract} ${contract}/*.proto)
  endif()
  foreach(proto IN LISTS protos)
    if(NOT EXISTS ${contract}/${proto})
      message(FATAL_ERROR "protogres_generate: there is no file ${proto} in ${contract}")
    endif()
  endforeach()
  protogres_add_imports(${contract} protos)
  list(FILTER protos EXCLUDE REGEX "^protogres/v1/")
  if(NOT protos)
    message(FATAL_ERROR "protogres_generate: there is no .proto file in ${contract}")
  endif()
  set(sources)
  set(headers)
  set(inputs)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    list(APPEND sources ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.cc)
    list(APPEND headers ${out}/${stem}.pb.h ${out}/${stem}.grpc.pb.h)
    list(APPEND inputs ${contract}/${proto})
  endforeach()
  # With the headers: else what includes them is compiled again only by the build after that which has made them anew.
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
    COMMAND protobuf::protoc -I ${contract} --cpp_out=${out} --grpc_out=${out}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${inputs}
    DEPENDS ${inputs})
  add_library(${target} STATIC ${sources} ${headers})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()
