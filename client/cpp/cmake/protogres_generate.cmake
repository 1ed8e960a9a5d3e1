# protogres_generate(TARGET CONTRACT_DIR [FILE...]): a static library of the messages and stubs that protoc makes of a
# contract, as `protogres contract --out=CONTRACT_DIR` has written it; of these files of it, with what they import, if there
# are any. The contract of transactions is a part of the client library, and
# is not generated again: a program may have each message once.
function(protogres_generate target contract)
  get_filename_component(contract ${contract} ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(protos ${ARGN})
  if(NOT protos)
    file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${contract} ${contract}/*.proto)
  endif()
  list(FILTER protos EXCLUDE REGEX "^protogres/v1/")
  if(NOT protos)
    message(FATAL_ERROR "protogres_generate: there is no .proto file in ${contract}")
  endif()
  set(outputs)
  set(inputs)
  foreach(proto IN LISTS protos)
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    list(APPEND outputs ${out}/${stem}.pb.cc ${out}/${stem}.grpc.pb.cc)
    list(APPEND inputs ${contract}/${proto})
  endforeach()
  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
    COMMAND protobuf::protoc -I ${contract} --cpp_out=${out} --grpc_out=${out}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${inputs}
    DEPENDS ${inputs})
  add_library(${target} STATIC ${outputs})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} SYSTEM PUBLIC ${out})
  target_link_libraries(${target} PUBLIC gRPC::grpc++ protobuf::libprotobuf)
endfunction()
