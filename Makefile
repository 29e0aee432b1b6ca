# livedrop: what can be done here. `make VERB`.
#
#   run      build and serve ./shared (DIR=folder another one, ARGS="--no-sync" more options)
#   build    the release binary, target/release/livedrop
#   test     every test: Rust, the page's own modules, the page in a real browser
#   lint     rustfmt, clippy, syntax of scripts, JavaScript, HTML and CSS; warnings are errors
#   check    lint and test: what CI runs
#   bench    the benchmarks
#   cross    the static binary of another machine: TARGET=armv7-unknown-linux-musleabihf
#   dist     those of every machine below, into target/dist, with their sizes, and the packages for
#            Debian and OpenWrt
#   dist-check  each of them serves, on an emulator where it is not this machine's
#   install  the binary, its manual page and what shells complete, below $(DESTDIR)$(PREFIX);
#            PREFIX is /usr/local
#   deb      a package for Debian and its kin, into target/dist: TARGET=..., else this machine's
#   audit    what the Nu checker says of the page's HTML and CSS, and Lighthouse of its loading
#   clean    everything that was built or installed inside this folder
#   pictures the pictures of the README, taken of the real page
#
# What a test needs and the machine lacks is installed: Debian packages by apt (with sudo, unless
# root), npm packages into tests/web/node_modules. No browser is downloaded, Debian's is used.
# WEB="specs/names.spec.mjs" narrows the browser tests, RUST="a_suffix" the Rust ones.

DIR    ?= shared
PREFIX ?= /usr/local
OUT    := $(or $(CARGO_TARGET_DIR),target)
BINARY := $(abspath $(OUT))/release/livedrop
WEBDIR := tests/web
# npm writes this file last, so it stands for a complete node_modules.
NODE_MODULES := $(WEBDIR)/node_modules/.package-lock.json
PLAYWRIGHT    = cd $(WEBDIR) && LIVEDROP_BIN="$(BINARY)" node node_modules/@playwright/test/cli.js
# The machines that there is a binary for, and what runs each here.
TARGETS := x86_64-unknown-linux-musl i686-unknown-linux-musl aarch64-unknown-linux-musl \
           armv7-unknown-linux-musleabihf arm-unknown-linux-musleabihf \
           riscv64gc-unknown-linux-musl mipsel-unknown-linux-musl
RUNNER_aarch64-unknown-linux-musl     := qemu-aarch64-static
RUNNER_armv7-unknown-linux-musleabihf := qemu-arm-static
RUNNER_arm-unknown-linux-musleabihf   := qemu-arm-static -cpu arm1176
RUNNER_riscv64gc-unknown-linux-musl   := qemu-riscv64-static
RUNNER_mipsel-unknown-linux-musl      := qemu-mipsel-static -cpu 24Kc
# $(call elsewhere,target): how the tests start the binary of a target.
elsewhere = $(strip $(RUNNER_$(1)) $(abspath $(OUT))/cross/$(1)/release/livedrop)
SMALL := i686-unknown-linux-musl
ARM   := armv7-unknown-linux-musleabihf
# The names that may stand at the top of the repository; a new one is a decision, not an accident.
TOP_NAMES := Cargo.toml Cargo.lock src assets tests Makefile README.md CHANGELOG.md LICENSE \
             .gitignore .ci .cargo

# Recipes read these from the environment, so that no character in them can break a quote.
export DIR DESTDIR PREFIX
# Debian's Chromium is what the tests drive; a downloaded one would only cost time and disk.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

# $(call need,programs,packages): installs the Debian packages unless all the programs are there.
define need
	@missing=; for program in $(1); do \
		command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] && exit; \
	as=; [ "$$(id -u)" = 0 ] || as=sudo; \
	echo "make: missing$$missing, so: $${as:+$$as }apt-get install $(2)"; \
	$$as apt-get -qq update && $$as env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install -y --no-install-recommends $(2) >/dev/null
endef

.DEFAULT_GOAL := help
# `make -j check` would mix the output of linters and tests, and two cargos wait for each other.
.NOTPARALLEL:
.PHONY: help run build test test-rust test-modules test-twice test-small test-front test-page lint lint-names check bench \
        cross dist dist-check sizes install audit deb need-deb need-deny pages need-shells need-emulators clean pictures need-cc need-clients need-proxies need-units need-archivers need-tracer need-disks corpora need-node need-npm \
        need-browser need-ffmpeg

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

run: build
	@mkdir -p -- "$$DIR"
	@exec "$(BINARY)" $(ARGS) -- "$$DIR"

build: need-cc
	cargo build --release --locked

# The browser tests come last: their closing line counts what a person would notice first.
test: test-rust test-modules test-twice test-small test-front test-page

# What the Rust tests need, on whatever machine they are built for.
RUST_NEEDS := need-cc need-units need-proxies need-clients need-archivers need-tracer need-disks need-shells corpora

test-rust: $(RUST_NEEDS)
	@command -v cargo-nextest >/dev/null || echo "make: no cargo-nextest here, cargo test it is"
	cargo test --doc --locked -- $(RUST)
	if command -v cargo-nextest >/dev/null; then cargo nextest run --locked $(RUST); \
		else cargo test --lib --bins --tests --locked -- $(RUST); fi
	cargo test --test it --locked --features mdns -- announced::

test-modules: need-node
	node --test $(or $(sort $(wildcard $(WEBDIR)/unit/*.test.*js)),$(error no test in $(WEBDIR)/unit))

# The same source in another folder gives the same bytes.
test-twice: build
	set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		tar c --exclude=./.git --exclude=./target --exclude=node_modules . | tar x -C "$$folder"; \
		CARGO_TARGET_DIR="$$folder/target" cargo build --quiet --release --locked \
			--manifest-path "$$folder/Cargo.toml"; \
		cmp "$(BINARY)" "$$folder/target/release/livedrop"

# What differs on 32 bits shows on this processor at full speed; that ARM itself serves, on an
# emulator. What the emulator cannot do: run strace (it is one), and openat2, which it answers with
# ENOSYS, so that the way round it is what is tested there.
test-small: $(RUST_NEEDS) need-emulators
	.ci/cross $(SMALL) test --lib --bins --tests -- $(RUST)
	.ci/cross $(SMALL) build --release
	.ci/cross $(ARM) build --release
	LIVEDROP_TEST_SERVER="$(call elsewhere,$(ARM))" cargo test --test it --locked -- elsewhere::
	@$(MAKE) --no-print-directory sizes
	tests/lean.sh $(OUT)/cross/$(SMALL)/release/livedrop

cross:
	@[ -n "$(filter-out environment,$(origin TARGET))" ] && [ -n "$(TARGET)" ] || { \
		printf '%s\n' "make: say which: make cross TARGET=..." $(TARGETS:%='  %') >&2; exit 2; }
	.ci/cross $(TARGET) build --release
	@ls -l $(OUT)/cross/$(TARGET)/release/livedrop

dist:
	@mkdir -p $(OUT)/dist
	for target in $(TARGETS); do .ci/cross $$target build --release \
		&& cp $(OUT)/cross/$$target/release/livedrop $(OUT)/dist/livedrop-$$target || exit 1; done
	$(foreach target,$(DEB_TARGETS),$(MAKE) --no-print-directory deb TARGET=$(target) && ) true
	$(foreach pair,$(IPKS),.ci/ipk $(OUT)/dist/livedrop-$(subst :, ,$(pair)) $(OUT)/dist && ) true
	@$(MAKE) --no-print-directory sizes
	tests/lean.sh $(OUT)/dist/livedrop-$(SMALL)

# Debian has a name for each of these; it has one for both ARMs without 64 bits, and 7 is the usual.
DEB_TARGETS := $(filter-out arm-unknown-% mipsel-%,$(TARGETS))
# What OpenWrt calls the processors of its routers.
IPKS := mipsel-unknown-linux-musl:mipsel_24kc \
        armv7-unknown-linux-musleabihf:arm_cortex-a7_neon-vfpv4 \
        aarch64-unknown-linux-musl:aarch64_cortex-a53 \
        x86_64-unknown-linux-musl:x86_64

# The binary is the static one, so that the package is for every release.
deb: TARGET ?= $(shell uname -m)-unknown-linux-musl
deb: pages need-deb
	.ci/cross $(TARGET) build --release
	rm -rf target/package && mkdir -p target/package $(OUT)/dist
	cp -r $(PAGES) target/package/share
	sed 's|/usr/local/bin/|/usr/bin/|' assets/service/livedrop.service >target/package/livedrop.service
	CARGO_TARGET_DIR=$(abspath $(OUT))/cross cargo deb --quiet --locked --no-build --no-strip \
		--target $(TARGET) --output $(abspath $(OUT))/dist/

# Each binary that was built, held against the most that it may be.
sizes:
	@while read -r target most reason; do \
		file=$(OUT)/cross/$$target/release/livedrop; \
		case $$target in \#*|'') continue ;; esac; \
		[ -e "$$file" ] || continue; \
		bytes=$$(wc -c <"$$file"); \
		printf '%-34s %9d bytes of %9d\n' "$$target" "$$bytes" "$$most"; \
		[ "$$bytes" -le "$$most" ] || { echo "make: it may not be that large" >&2; exit 1; }; \
	done <tests/sizes.txt

# ARM goes through all that is asked of a build elsewhere, the others serve one file.
dist-check: dist need-emulators
	for arm in "$(call elsewhere,$(ARM))" "$(call elsewhere,aarch64-unknown-linux-musl)"; do \
		LIVEDROP_TEST_SERVER="$$arm" cargo test --test it --locked -- elsewhere:: || exit 1; done
	$(foreach target,$(TARGETS),LIVEDROP_TEST_SERVER="$(call elsewhere,$(target))" \
		cargo test --test it --locked -- elsewhere::a_file_goes_up && ) true

test-page: build need-browser need-ffmpeg $(NODE_MODULES)
	$(PLAYWRIGHT) test --project=page $(WEB)

# The same through nginx, at a path of its own.
test-front: build need-browser need-ffmpeg need-proxies $(NODE_MODULES)
	export LIVEDROP_FRONT=nginx; $(PLAYWRIGHT) test --project=page $(WEB)

lint: lint-names need-cc need-node need-deny
	cargo fmt --all --check
	cargo clippy --all-targets --locked -- -D warnings
	cargo clippy --all-targets --locked --features mdns -- -D warnings
	cargo fetch --quiet --locked
	cargo deny --offline --all-features check licenses bans sources
	for script in .ci/run .ci/cross .ci/ipk tests/lean.sh; do bash -n $$script; done
	for script in $(wildcard assets/service/*.init assets/service/*.sh); do sh -n $$script; done
	node $(WEBDIR)/lint.mjs

# A clone has git; an unpacked archive has not, and nothing to say about stray files either.
lint-names:
	@git rev-parse --git-dir >/dev/null 2>&1 || exit 0; \
	strays=$$(git ls-files --cached --others --exclude-standard | cut -d/ -f1 | sort -u \
		| grep -vxF $(TOP_NAMES:%=-e %)) || exit 0; \
	echo "make: no such name belongs at the top:" $$strays >&2; exit 1

check: lint test

bench: need-cc
	cargo bench --locked

# The manual page and what shells complete, made from the table of options.
PAGES := $(abspath $(OUT))/pages
pages: need-cc
	@rm -rf $(PAGES)
	cargo run --quiet --release --locked --example pages -- $(PAGES)

install: build pages
	install -D -m 755 -- "$(BINARY)" "$$DESTDIR$$PREFIX/bin/livedrop"
	cd $(PAGES) && find . -type f -exec install -D -m 644 -- {} "$$DESTDIR$$PREFIX/share/{}" \;

clean:
	cargo clean
	rm -rf $(WEBDIR)/node_modules $(WEBDIR)/results

pictures: build need-browser $(NODE_MODULES)
	$(call need,pngquant,pngquant)
	mkdir -p assets/pictures
	$(PLAYWRIGHT) test --project=pictures
	pngquant --force --ext .png --speed 1 --strip 128 assets/pictures/*.png

# Lighthouse holds a clock, so that it is asked on a quiet machine, and by no other verb.
AUDIT := $(abspath $(OUT))/audit
audit: build need-browser $(AUDIT)/complete
	cd $(WEBDIR) && LIVEDROP_BIN="$(BINARY)" node audit.mjs $(AUDIT)

$(AUDIT)/complete: | need-npm
	$(call need,java,default-jre-headless)
	rm -rf $(@D) && mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --prefix $(@D) lighthouse@12.8.2 vnu-jar@26.9.27
	@touch $@

need-cc:
	$(call need,cc,gcc libc6-dev)

# Forms that others have collected and clients that they have written, at versions that stay; the
# names are those of their packages.
CORPORA := $(abspath $(OUT))/corpora
corpora: $(CORPORA)/complete $(CORPORA)/busboy/complete $(CORPORA)/python/complete $(NODE_MODULES)

$(CORPORA)/busboy/complete: | $(CORPORA)/complete need-npm
	rm -rf $(@D) && mkdir -p $(@D)
	cd $(@D) && tar xzf "$$(npm pack --silent busboy@1.6.0)" && mv mscdex-busboy-* package
	@touch $@

$(CORPORA)/python/complete: | $(CORPORA)/complete
	rm -rf $(@D)
	pip3 install --quiet --disable-pip-version-check --root-user-action=ignore --target $(@D) \
		tuspy==1.1.0 httpx-sse==0.4.3 httpx==0.28.1
	@touch $@

$(CORPORA)/complete:
	$(call need,pip3 unzip tar,python3-pip unzip tar)
	@echo "make: fetching the forms of others by pip into $(CORPORA)"
	rm -rf $(CORPORA) && mkdir -p $(CORPORA)
	cd $(CORPORA) && pip3 download --quiet --no-deps multipart-form-data-conformance==0.1a0 \
		&& pip3 download --quiet --no-deps --no-binary :all: werkzeug==3.1.3 \
		&& unzip -q multipart_form_data_conformance-*.whl && tar xzf werkzeug-*.tar.gz
	@touch $@

# What people fetch files with, whose patience with a broken line is tested.
need-clients:
	$(call need,curl wget aria2c rclone,curl wget aria2 rclone)

# What checks the unit and passes sockets on.
need-units:
	$(call need,systemd-analyze systemd-socket-activate,systemd)

# What reads the manual page, and the shells that complete options.
need-shells:
	$(call need,mandoc zsh fish,mandoc zsh fish)

# What people put in front of a server, and what shows how a password is typed.
need-proxies: export PATH := $(PATH):/usr/sbin:/sbin
need-proxies:
	$(call need,nginx caddy script,nginx-light caddy bsdutils)

# What sees the order of system calls, and makes them fail.
need-tracer:
	$(call need,strace,strace)

# What makes the file systems that files are uploaded to; their programs are an administrator's.
need-disks: export PATH := $(PATH):/usr/sbin:/sbin
need-disks:
	$(call need,mkfs.ext4 mkfs.xfs mkfs.btrfs bindfs mkfs.exfat mount.exfat-fuse ntfs-3g,\
		e2fsprogs xfsprogs btrfs-progs bindfs exfatprogs exfat-fuse ntfs-3g)

# What looks at the tree of dependencies. Advisories need a repository of the network; they are not
# asked for here.
need-deny:
	command -v cargo-deny >/dev/null || cargo install --quiet --locked --debug cargo-deny@0.20.2

# What makes Debian's packages.
need-deb:
	command -v cargo-deb >/dev/null || cargo install --quiet --locked --debug cargo-deb@3.8.0

# What runs the programs of other processors.
need-emulators:
	$(call need,qemu-arm-static,qemu-user-static)

# What people read archives with.
need-archivers:
	$(call need,unzip bsdtar 7z python3,unzip libarchive-tools p7zip-full python3)

need-node:
	$(call need,node,nodejs)

need-npm: need-node
	$(call need,npm,npm)

need-browser: need-npm
	$(call need,chromium curl,chromium curl fonts-dejavu-core)

# It makes the films that the browser plays.
need-ffmpeg:
	$(call need,ffmpeg,ffmpeg)

$(NODE_MODULES): $(WEBDIR)/package.json $(WEBDIR)/package-lock.json | need-npm
	@echo "make: installing the browser driver of $(WEBDIR)/package-lock.json by npm ci"
	cd $(WEBDIR) && npm ci --no-audit --no-fund
	@touch $@
