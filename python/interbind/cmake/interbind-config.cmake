# find_package(interbind) gives
#   interbind::interbind   the headers alone: the implementation is found in the process, or in the wheel
#   interbind::static      the headers and the static library, when INTERBIND_LIBRARY names `libinterbind.a`
# Python's own headers come from find_package(Python).

get_filename_component(_interbind_prefix "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

if(NOT TARGET interbind::interbind)
  add_library(interbind::interbind INTERFACE IMPORTED)
  set_target_properties(interbind::interbind PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_interbind_prefix}/include")
endif()

if(INTERBIND_LIBRARY AND NOT TARGET interbind::static)
  add_library(interbind::static STATIC IMPORTED)
  set_target_properties(
    interbind::static
    PROPERTIES IMPORTED_LOCATION "${INTERBIND_LIBRARY}"
               INTERFACE_INCLUDE_DIRECTORIES "${_interbind_prefix}/include"
               INTERFACE_COMPILE_DEFINITIONS INTERBIND_STATIC)
  # Its symbols stay the module's own.
  set_property(
    TARGET interbind::static
    PROPERTY INTERFACE_LINK_OPTIONS "$<$<PLATFORM_ID:Linux>:LINKER:--exclude-libs,ALL>")
endif()

unset(_interbind_prefix)
