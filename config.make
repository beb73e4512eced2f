# Sourced by nginx's auto/make: how libshian.a comes about.

shian_build=${SHIAN_BUILD:-$ngx_addon_dir/build}

cat << END >> $NGX_MAKEFILE

$shian_build/libshian.a:
	\$(MAKE) -C $ngx_addon_dir B=$shian_build CC="\$(CC)" $shian_build/libshian.a

END
