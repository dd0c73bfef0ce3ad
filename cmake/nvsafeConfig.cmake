# find_package(nvsafe): nvsafe::nvsafe, the C++ library; nvsafe::idf, that and the headers that firmware includes.
include(CMakeFindDependencyMacro)
find_dependency(OpenSSL 3.0 COMPONENTS Crypto)
find_library(nvsafe_deflate_library deflate)
mark_as_advanced(nvsafe_deflate_library)
if(NOT nvsafe_deflate_library)
  set(nvsafe_FOUND FALSE)
  set(nvsafe_NOT_FOUND_MESSAGE "libdeflate is missing")
  return()
endif()

get_filename_component(nvsafe_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET nvsafe::nvsafe)
  add_library(nvsafe::nvsafe STATIC IMPORTED)
  set_target_properties(nvsafe::nvsafe PROPERTIES
    IMPORTED_LOCATION "${nvsafe_prefix}/lib/libnvsafe.a"
    INTERFACE_INCLUDE_DIRECTORIES "${nvsafe_prefix}/include"
    # It is C++ inside, also for a program in C.
    INTERFACE_LINK_LIBRARIES "OpenSSL::Crypto;${nvsafe_deflate_library};$<$<LINK_LANGUAGE:C>:stdc++>")
  if(CMAKE_CXX_COMPILER_LOADED)
    set_target_properties(nvsafe::nvsafe PROPERTIES INTERFACE_COMPILE_FEATURES cxx_std_20)
  endif()
  add_library(nvsafe::idf INTERFACE IMPORTED)
  set_target_properties(nvsafe::idf PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${nvsafe_prefix}/include/nvsafe/idf"
    INTERFACE_LINK_LIBRARIES nvsafe::nvsafe)
endif()
