package io.pgbk.cli.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;

/**
 * What Maven knows of a jar: read from the pom beside it in the local repository, or in the folder of its module, so that
 * a build without a network knows it too.
 *
 * @param jar the file
 * @param group the group id
 * @param artifact the artifact id
 * @param version the version
 * @param classifier what distinguishes several jars of one artifact
 * @param licences as the pom, or the nearest of its parents that names any, has them
 */
record MavenComponent(
        Path jar, String group, String artifact, String version, Optional<String> classifier, List<Licence> licences) {

    /** A licence by the name that a pom gives it. */
    record Licence(String name, Optional<String> url) {}

    /** @throws IOException when there is no pom, or it does not say what must be known */
    static MavenComponent of(Path jar) throws IOException {
        Path folder = parent(jar);
        if (folder.endsWith("target")) {
            return module(jar, parent(folder).resolve("pom.xml"));
        }
        String version = folder.getFileName().toString();
        String artifact = parent(folder).getFileName().toString();
        Pom pom = Pom.read(folder.resolve(artifact + "-" + version + ".pom"));
        String group = pom.group();
        Path repository = parent(parent(folder));
        for (int i = group.split("\\.", -1).length; i > 0; i--) {
            repository = parent(repository);
        }
        String name = jar.getFileName().toString();
        String plain = artifact + "-" + version;
        Optional<String> classifier = name.startsWith(plain + "-")
                ? Optional.of(name.substring(plain.length() + 1, name.length() - ".jar".length()))
                : Optional.empty();
        return new MavenComponent(jar, group, artifact, version, classifier, licences(pom, repository, jar));
    }

    private static MavenComponent module(Path jar, Path file) throws IOException {
        Pom pom = Pom.read(file);
        Pom root = Pom.read(parent(parent(file)).resolve("pom.xml"));
        String version = root.text("version").orElseThrow(() -> new IOException(file + " has no version"));
        return new MavenComponent(
                jar, pom.group(), pom.artifact(), version, Optional.empty(), required(root.licences(), jar));
    }

    private static List<Licence> licences(Pom pom, Path repository, Path jar) throws IOException {
        Pom current = pom;
        while (current.licences().isEmpty()) {
            Optional<Path> parent = current.parentIn(repository);
            if (parent.isEmpty()) {
                break;
            }
            current = Pom.read(parent.get());
        }
        return required(current.licences(), jar);
    }

    private static List<Licence> required(List<Licence> licences, Path jar) throws IOException {
        if (licences.isEmpty()) {
            throw new IOException(jar + " says nothing about its licence");
        }
        return licences;
    }

    private static Path parent(Path path) throws IOException {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IOException(path + " is in no Maven repository");
        }
        return parent;
    }

    /** The package URL, which names a component for everyone who knows Maven. */
    String purl() {
        return "pkg:maven/" + group + "/" + artifact + "@" + version + "?"
                + classifier.map(text -> "classifier=" + text + "&").orElse("") + "type=jar";
    }

    /** One pom.xml. */
    private record Pom(Path file, Element project) {
        static Pom read(Path file) throws IOException {
            try {
                DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
                factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
                return new Pom(
                        file, factory.newDocumentBuilder().parse(file.toFile()).getDocumentElement());
            } catch (ParserConfigurationException | SAXException e) {
                throw new IOException(file + " cannot be read", e);
            }
        }

        String group() throws IOException {
            return text("groupId")
                    .or(() -> child(project, "parent").flatMap(parent -> text(parent, "groupId")))
                    .orElseThrow(() -> new IOException(file + " has no group"));
        }

        String artifact() throws IOException {
            return text("artifactId").orElseThrow(() -> new IOException(file + " has no artifact id"));
        }

        Optional<String> text(String name) {
            return text(project, name);
        }

        List<Licence> licences() {
            List<Licence> found = new ArrayList<>();
            child(project, "licenses").ifPresent(all -> {
                for (Element licence : children(all)) {
                    text(licence, "name").ifPresent(name -> found.add(new Licence(name, text(licence, "url"))));
                }
            });
            return found;
        }

        Optional<Path> parentIn(Path repository) {
            return child(project, "parent").flatMap(parent -> {
                Optional<String> group = text(parent, "groupId");
                Optional<String> artifact = text(parent, "artifactId");
                Optional<String> version = text(parent, "version");
                if (group.isEmpty() || artifact.isEmpty() || version.isEmpty()) {
                    return Optional.empty();
                }
                Path pom = repository
                        .resolve(group.get().replace('.', '/'))
                        .resolve(artifact.get())
                        .resolve(version.get())
                        .resolve(artifact.get() + "-" + version.get() + ".pom");
                return Optional.of(pom).filter(Files::exists);
            });
        }

        private static Optional<Element> child(Element parent, String name) {
            return children(parent).stream()
                    .filter(child -> child.getTagName().equals(name))
                    .findFirst();
        }

        private static Optional<String> text(Element parent, String name) {
            return child(parent, name).map(child -> child.getTextContent().strip());
        }

        private static List<Element> children(Element parent) {
            List<Element> found = new ArrayList<>();
            for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
                if (node instanceof Element element) {
                    found.add(element);
                }
            }
            return found;
        }
    }
}
