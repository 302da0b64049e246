# package.cmake: "cpack -G DEB" in a build folder makes one Debian package of all that "cmake --install" installs.
set(CPACK_PACKAGE_NAME goosed)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
# Who builds a package answers for it, and says so as Debian's own tools want it. Nobody's address is made up.
set(CPACK_PACKAGE_CONTACT "The goosed authors <goosed@localhost>")
if(DEFINED ENV{DEBEMAIL})
    set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "leader election: exactly one of your nodes is the goose")
set(CPACK_PACKAGE_DESCRIPTION "One of your nodes is the goose (the leader), all others are ducks.
goosed decides which, on 1 to 31 voting nodes and any number of observers,
with nothing else installed: no database, no third service.
At every instant at most one node says that it is the goose; when it dies,
the next in line takes over. With the daemon come goosectl, a unit for
systemd, manual pages, and the election as a C library.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# For the folders that a file in one of them makes, whatever the umask is.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_CURRENT_LIST_DIR}/postinst ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)
include(CPack)

# Only a package has these: what changed in this version, as Debian wants it (the time is SOURCE_DATE_EPOCH's, where there is
# one), and what lintian says in vain.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL /usr)
    return()
endif()
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(changes ${PROJECT_SOURCE_DIR}/.github/CHANGELOG.md)
add_custom_command(OUTPUT changelog.gz DEPENDS ${changes} ${CMAKE_CURRENT_LIST_DIR}/changelog.awk VERBATIM
    COMMAND sh -c "awk -v 'version=${PROJECT_VERSION}' -v 'by=${CPACK_PACKAGE_CONTACT}' -v 'now=${now}' -f '${CMAKE_CURRENT_LIST_DIR}/changelog.awk' '${changes}' | ${GZIP} -9nc > changelog.gz")
add_custom_target(changelog ALL DEPENDS changelog.gz)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/lintian DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME goosed)
