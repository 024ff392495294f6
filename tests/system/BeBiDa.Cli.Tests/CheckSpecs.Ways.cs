using System.Text.RegularExpressions;
using CliWrap;

namespace BeBiDa.Tests;

/// <summary>The ways in which a site is broken.</summary>
public sealed partial class CheckSpecs
{
    private static string slurmVersion = "";

    /// <summary>Ways to break a site, on slurmctld's host: what is done, what is found, and what is said to write about the last of it.</summary>
    /// <remarks>A slurmctld of another SlurmUser than slurm.conf says does not answer Slurm's commands.</remarks>
    public static IEnumerable<TestCaseData> OnTheController =>
        [
            Way(
                "bebida.yaml is not there",
                "configuration/refused",
                "^install -D -m 0640 .*/bebida.yaml /.*/bebida.yaml$",
                s => s.Yaml = null
            ),
            Way(
                "the running slurmctld reads another bebida.yaml",
                "configuration/other-file",
                "^bebidactl --config /.* check$",
                s => s.Conf = s.Conf.Replace("/nowhere/", "/"),
                error: false
            ),
            Way("the kubeconfig is not there", "kubeconfig/refused", "^bebidactl kubeconfig create", s => s.Kubeconfig = null),
            Way(
                "anyone can read the kubeconfig",
                "kubeconfig/refused",
                "^chmod 0600 /.*kubeconfig",
                s => s.KubeconfigMode = (UnixFileMode)0b110_100_100
            ),
            Way(
                "the kubeconfig runs a program",
                "kubeconfig/refused",
                "^bebidactl kubeconfig create",
                s =>
                    s.Kubeconfig = Regex.Replace(
                        s.Kubeconfig!,
                        "(?m)^ +client-.*\n( +client-.*\n)?",
                        "    exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /bin/true}\n"
                    )
            ),
            Way(
                "slurmctld's user cannot read the kubeconfig",
                "slurm.conf/slurmctld files/unreadable",
                "^chown root:nogroup /.*/kubeconfig && chmod 0640 /.*/kubeconfig$",
                s => s.Conf = s.Conf.Replace("SlurmUser=root", "SlurmUser=nobody")
            ),
            Way(
                "the certificate is over",
                "kubeconfig/expired",
                "^bebidactl kubeconfig renew",
                s => s.Kubeconfig = File.ReadAllText(s.Api.WriteKubeconfig("bebida", TimeSpan.FromHours(-1)))
            ),
            Way(
                "the certificate is soon over",
                "kubeconfig/renewal-due",
                "^bebidactl kubeconfig renew",
                s => s.Kubeconfig = File.ReadAllText(s.Api.WriteKubeconfig("bebida", TimeSpan.FromHours(3))),
                error: false
            ),
            Way(
                "nobody listens where the API server should be",
                "kubernetes/unreachable",
                "kubeconfig create",
                s => s.Kubeconfig = s.Kubeconfig!.Replace($":{s.Api.Url.Port}", ":1")
            ),
            Way(
                "the API server is another cluster's",
                "kubernetes/unreachable",
                "kubeconfig create",
                s =>
                    s.Kubeconfig = Regex.Replace(
                        s.Kubeconfig!,
                        "(?m)certificate-authority-data: .*$",
                        "certificate-authority-data: " + Convert.ToBase64String(File.ReadAllBytes(s.Other.CaCertificatePath))
                    )
            ),
            Way(
                "the API server does not know the certificate",
                "kubeconfig/unauthenticated",
                "kubeconfig create",
                s =>
                    s.Kubeconfig = Regex.Replace(
                        File.ReadAllText(s.Other.AdminKubeconfig).Replace($":{s.Other.Url.Port}", $":{s.Api.Url.Port}"),
                        "(?m)certificate-authority-data: .*$",
                        "certificate-authority-data: " + Convert.ToBase64String(File.ReadAllBytes(s.Api.CaCertificatePath))
                    )
            ),
            Way(
                "the identity has no rights",
                "kubernetes/right",
                @"^bebidactl rbac \| kubectl apply",
                s => s.Kubeconfig = File.ReadAllText(s.Api.WriteKubeconfig("bebida2"))
            ),
            Way(
                "the right that removeNode needs is not there",
                "kubernetes/right",
                @"^bebidactl rbac --credential certificate --remove-node \| kubectl apply",
                s => s.Yaml += "  removeNode: true\n"
            ),
            Way(
                "the right that waitUntilReady needs is not there",
                "kubernetes/right",
                @"^bebidactl rbac --credential certificate --wait-until-ready \| kubectl apply",
                s => s.Yaml += "nodes: {waitUntilReady: true}\n"
            ),
            Way(
                "the identity is an admin's",
                "kubeconfig/too-powerful",
                "^bebidactl kubeconfig create",
                s => s.Kubeconfig = File.ReadAllText(s.Api.AdminKubeconfig),
                error: false
            ),
            Way(
                "the API server's clock is wrong",
                "clocks/api-server",
                "^timedatectl set-ntp true$",
                s => s.Kubeconfig = File.ReadAllText(s.Late.WriteKubeconfig("bebida"))
            ),
            Way("the plugin is not in PluginDir", "plugin/missing", "^install it there", s => s.Plugins("prep_bebida.so", _ => null)),
            Way(
                "the plugin is another Slurm's",
                "plugin/other-slurm",
                "bebida-build-plugins --slurm /usr$",
                s => s.Plugins("prep_bebida.so", bytes => Patched(bytes))
            ),
            Way(
                "Slurm was updated, and not restarted yet",
                "plugin/other-slurm",
                "bebida-build-plugins --slurm /",
                s => s.Update("99.11.1")
            ),
            Way(
                "the plugin is cut short",
                "plugin/broken",
                "^reinstall prep_bebida.so",
                s => s.Plugins("prep_bebida.so", bytes => bytes[..4096])
            ),
            Way(
                "the library is not there",
                "library/missing",
                "BEBIDA_LIBDIR",
                s =>
                {
                    s.Plugins("", bytes => bytes);
                    File.Delete(s.Libraries);
                }
            ),
            Way(
                "Kubernetes calls all nodes otherwise",
                "nodes/names",
                @"^template: ""{node}\.",
                s => s.Yaml += "nodes: {template: \"{node}.wrong\"}\n"
            ),
            Way(
                "Kubernetes does not know a node",
                "nodes/names",
                @"^exclude: \[n2\]; or, .* map: {n2: NAME}$",
                s => s.Yaml += "nodes: {map: {n2: n9}}\n",
                error: false
            ),
            Way(
                "the map names nobody",
                "nodes/map",
                "^map: {n1: elsewhere}$",
                s => s.Yaml += "nodes: {map: {n11: elsewhere}}\n",
                error: false
            ),
            Way("no node is lent", "nodes/none", @"^include: \[""\*""\]$", s => s.Yaml += "nodes: {include: [\"gpu*\"]}\n"),
        ];

    /// <summary>The same on a node's host.</summary>
    public static IEnumerable<TestCaseData> OnANode =>
        [
            Way(
                "plugstack.conf does not name the plugin",
                "plugstack.conf/missing",
                "^optional spank_bebida.so$",
                s => s.PlugStack = "# nothing\n"
            ),
            Way("plugstack.conf is not there", "plugstack.conf/missing", "^optional spank_bebida.so$", s => s.PlugStack = null),
            Way(
                "the plugin is required",
                "plugstack.conf/required",
                "^optional spank_bebida.so libdir=",
                s => s.PlugStack = s.PlugStack!.Replace("optional", "required"),
                error: false
            ),
            Way(
                "the health check takes pods for strangers",
                "health-check/users",
                @"^\* \|\| if \[ -n ""\$\(ls /run/bebida/jobs 2> /dev/null\)"" \]; then check_ps_unauth_users log kill; fi$",
                s => s.Conf += $"HealthCheckProgram={s.Add("health", "# check_ps_unauth_users\n* || check_ps_unauth_users log kill\n")}\n",
                error: false
            ),
            Way(
                "a required plugin stands before ours",
                "plugstack.conf/order",
                "^optional spank_bebida.so libdir=",
                s => s.PlugStack = $"required other.so\n{s.PlugStack}",
                error: false
            ),
            Way(
                "nothing gives a node back whose epilog fails",
                "services/recovery",
                "^systemctl unmask bebida-recover.path && systemctl start bebida-recover.path$",
                s => s.Recovery = "masked inactive masked",
                error: false
            ),
            Way(
                "nothing ends the time that a node is kept",
                "services/linger",
                "^systemctl unmask bebida-linger.path && systemctl start bebida-linger.path$",
                s => (s.Linger, s.Yaml) = ("masked inactive masked", s.Yaml + "nodes: {linger: 20s}\n"),
                error: false
            ),
            Way("the plugin is not there", "plugin/missing", "^install it there", s => s.Plugins("spank_bebida.so", _ => null)),
            Way(
                "the plugin is another Slurm's",
                "plugin/other-slurm",
                "bebida-build-plugins --slurm /usr$",
                s => s.Plugins("spank_bebida.so", bytes => Patched(bytes, release: true))
            ),
            Way(
                "Slurm was updated, and not restarted yet",
                "plugin/other-slurm",
                "bebida-build-plugins --slurm /",
                s => s.Update("99.11.1")
            ),
            Way(
                "slurmd lacks what slurm.conf has it load",
                "plugin/missing",
                "^install it there",
                s => s.Plugins("prep_bebida.so", _ => null)
            ),
            Way(
                "the library is not there",
                "library/missing",
                "^BEBIDA_LIBDIR=FOLDER",
                s => s.PlugStack = "optional spank_bebida.so libdir=/nowhere\n"
            ),
            WayAsync(
                "the library is of another release",
                "library/other-release",
                "from one release$",
                async s =>
                {
                    // A stand-in for the library of a release to come.
                    var library = Path.Combine(
                        Path.GetDirectoryName(s.Add("library.c", "unsigned bebida_abi_version(void) { return 1000000; }\n"))!,
                        "libbebida_node.so"
                    );
                    await Cli.Wrap("cc")
                        .WithArguments([
                            "-shared",
                            "-fPIC",
                            "-o",
                            library,
                            Path.ChangeExtension(Path.Combine(Path.GetDirectoryName(library)!, "library"), ".c"),
                        ])
                        .ExecuteAsync();
                    s.PlugStack = $"optional spank_bebida.so libdir={Path.GetDirectoryName(library)}\n";
                }
            ),
            Way(
                "the library is no library",
                "library/broken",
                "^reinstall libbebida_node.so",
                s => s.PlugStack = $"optional spank_bebida.so libdir={Path.GetDirectoryName(s.Add("libbebida_node.so", "nothing"))}\n"
            ),
            Way(
                "a service is called otherwise here",
                "services/missing",
                @"^services: \[k3s-agent.service\]$",
                s => s.Systemctl = "k3s-agent.service loaded active enabled\n"
            ),
            Way(
                "a service is masked",
                "services/masked",
                "^systemctl unmask kubelet.service",
                s => s.Systemctl = "kubelet.service masked inactive masked\ncontainerd.service loaded active enabled\n",
                error: false
            ),
            Way(
                "a service has failed",
                "services/failed",
                "systemctl restart containerd.service$",
                s => s.Systemctl = "kubelet.service loaded active enabled\ncontainerd.service loaded failed enabled\n",
                error: false
            ),
            Way(
                "a service was stopped",
                "services/stopped",
                "^systemctl start kubelet.service$",
                s => s.Systemctl = "kubelet.service loaded inactive enabled\ncontainerd.service loaded active enabled\n",
                error: false
            ),
            Way(
                "the clock runs by itself",
                "clocks/not-synchronized",
                "^timedatectl set-ntp true$",
                s => s.Synchronized = "no",
                error: false
            ),
        ];

    // SLURM_VERSION_NUMBER, which is what plugin_version holds: major, minor, micro.
    private static byte[] Patched(byte[] bytes, bool release = false)
    {
        var version = Regex.Match(slurmVersion, @"(\d+)\.(\d+)\.(\d+)");
        byte[] number = [byte.Parse(version.Groups[3].Value), byte.Parse(version.Groups[2].Value), byte.Parse(version.Groups[1].Value), 0];
        var at = bytes.AsSpan().IndexOf(number);
        Assert.That(at, Is.Positive);
        bytes[at + (release ? 1 : 0)]++;
        return bytes;
    }

    private static TestCaseData Way(string name, string check, string write, Action<BrokenSite> break_, bool error = true) =>
        WayAsync(
            name,
            check,
            write,
            site =>
            {
                break_(site);
                return Task.CompletedTask;
            },
            error
        );

    private static TestCaseData WayAsync(string name, string check, string write, Func<BrokenSite, Task> break_, bool error = true) =>
        new TestCaseData(check, write, error, break_).SetArgDisplayNames(name);
}
