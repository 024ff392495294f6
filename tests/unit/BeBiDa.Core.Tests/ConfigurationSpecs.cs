using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Tests;

public class ConfigurationSpecs
{
    private const string Least = "kubernetes:\n  kubeconfig: /k\n";

    [Test]
    public void One_key_is_enough() =>
        Assert.That(
            ConfigurationFile.Parse("f", Least),
            Is.EqualTo(new BebidaConfiguration { Kubernetes = new KubernetesConfiguration { Kubeconfig = "/k" } }).UsingPropertiesComparer()
        );

    [Test]
    public void The_example_file_says_the_defaults_and_every_key()
    {
        var path = Path.Combine(Repository.Root, "packaging", "bebida.yaml");
        var text = File.ReadAllText(path);
        Assert.That(
            ConfigurationFile.Parse(path, text),
            Is.EqualTo(new BebidaConfiguration { Kubernetes = new KubernetesConfiguration { Kubeconfig = "/etc/bebida/kubeconfig" } })
                .UsingPropertiesComparer()
        );

        // Every key stands in the file, though the file would be read without it.
        var sections = typeof(BebidaConfiguration)
            .GetProperties()
            .Where(section => section.Name != nameof(BebidaConfiguration.Outdated))
            .SelectMany(section =>
                section.PropertyType.GetProperties().Select(key => (Section: Camel(section.Name), Key: Camel(key.Name)))
            );
        foreach (var (section, key) in sections.Where(s => s.Key != "equalityContract"))
            Assert.That(text, Does.Match($"(?ms)^{section}:$(?:(?!^\\w).)*^  {key}:"), $"{section}.{key} is not in the example");
    }

    [TestCase(
        "kubernets:\n  kubeconfig: /k\n",
        "f:1: kubernets: unknown key; the keys here are controller, eviction, jobs, kubernetes, metrics, node, nodes, slurm"
    )]
    [TestCase(
        "kubernetes:\n  kubeconfig: /k\n  maxinflight: 3\n",
        "f:3: kubernetes.maxinflight: unknown key; the keys here are context, events, kubeconfig, maxInFlight, removeNode, requestTimeout"
    )]
    [TestCase("kubernetes:\n  kubeconfig: /k\n  maxInFlight: many\n", "f:3: kubernetes.maxInFlight: 'many' is not a whole number")]
    [TestCase("kubernetes:\n  kubeconfig: /k\n  maxInFlight: 0\n", "f:3: kubernetes.maxInFlight: 0 is out of range (1 to 512)")]
    [TestCase("kubernetes:\n  kubeconfig: [a]\n", "f:2: kubernetes.kubeconfig: expected a single value")]
    [TestCase(Least + "controller:\n  deadline: 30\n", "f:4: controller.deadline: '30' is not a duration such as 30s, 1m30s or 500ms")]
    [TestCase(Least + "controller:\n  deadline: 2h\n", "f:4: controller.deadline: 2h is out of range (1s to 1h)")]
    [TestCase(Least + "controller:\n  onFailure: hold\n", "f:4: controller.onFailure: 'hold' is not one of start, requeue")]
    [TestCase(
        Least + "controller:\n  deadline: 10s\n",
        "f:4: controller.deadline: eviction.deadline (20s) must be shorter than controller.deadline (10s)"
    )]
    [TestCase(
        Least + "eviction:\n  gracePeriod: 20s\n",
        "f:4: eviction.gracePeriod: eviction.gracePeriod (20s) must be shorter than eviction.deadline (20s)"
    )]
    [TestCase(
        Least + "  removeNode: true\nnodes:\n  linger: 20s\n",
        "f:5: nodes.linger: nodes.linger keeps nodes that kubernetes.removeNode: true removes"
    )]
    [TestCase(Least + "eviction:\n  force: yes\n", "f:4: eviction.force: 'yes' is not one of true, false")]
    [TestCase(Least + "jobs:\n  partitions: batch\n", "f:4: jobs.partitions: expected a list")]
    [TestCase(Least + "nodes:\n  template: fixed\n", "f:4: nodes.template: 'fixed' does not contain {node}")]
    [TestCase(Least + "nodes:\n  map: {a: x, b: x}\n", "f:4: nodes.map: b and a are both mapped to x")]
    [TestCase(Least + "jobs:\n  mayKeep: [alice]\n", "f:4: jobs.mayKeep: expected a mapping of keys")]
    [TestCase(
        Least + "jobs:\n  mayKeep: {user: [alice]}\n",
        "f:4: jobs.mayKeep.user: unknown key; the keys here are accounts, partitions, users"
    )]
    [TestCase(
        Least + "node:\n  services: [kubelet]\n",
        "f:4: node.services: 'kubelet' is not the name of a systemd unit such as kubelet.service"
    )]
    [TestCase(
        Least + "node:\n  services: [../kubelet.service]\n",
        "f:4: node.services: '../kubelet.service' is not the name of a systemd unit"
    )]
    [TestCase(
        Least + "node:\n  services: [kube let.service]\n",
        "f:4: node.services: 'kube let.service' is not the name of a systemd unit"
    )]
    [TestCase(
        Least + "node:\n  services: [kubelet@.service]\n",
        "f:4: node.services: 'kubelet@.service' is not the name of a systemd unit"
    )]
    [TestCase(Least + "node:\n  services: [kubelet.service, kubelet.service]\n", "f:4: node.services: kubelet.service is listed twice")]
    [TestCase(
        Least + "node:\n  podCgroups: [/kubepods]\n",
        "f:4: node.podCgroups: '/kubepods' is not a path below the cgroup file system's root"
    )]
    [TestCase(Least + "node:\n  podCgroups: [../system.slice]\n", "f:4: node.podCgroups: '../system.slice' is not a path below")]
    [TestCase(Least + "node:\n  leftoverPods: kill\n", "f:4: node.leftoverPods: 'kill' is not one of stop, freeze, keep")]
    [TestCase(Least + "node:\n  stopTimeout: 500ms\n", "f:4: node.stopTimeout: 500ms is out of range (1s to 1h)")]
    [TestCase(
        Least + "metrics:\n  textfile: bebida.prom\n",
        "f:4: metrics.textfile: 'bebida.prom' is not the absolute path of a file that ends in .prom"
    )]
    [TestCase(
        Least + "metrics:\n  textfile: /var/lib/bebida\n",
        "f:4: metrics.textfile: '/var/lib/bebida' is not the absolute path of a file that ends in .prom"
    )]
    [TestCase(Least + "jobs: all\n", "f:3: jobs: expected a mapping of keys")]
    [TestCase("- a\n", "f:1: expected a mapping of sections")]
    [TestCase("a: [\n", "f:2: not YAML:")]
    [TestCase("", "f:1: kubernetes.kubeconfig: not set; write: kubeconfig: /etc/bebida/kubeconfig")]
    public void A_mistake_is_named_by_file_line_and_key(string yaml, string problem)
    {
        var thrown = Assert.Catch<ConfigurationException>(() => ConfigurationFile.Parse("f", yaml));
        Assert.That(thrown!.Problems.Select(p => p.ToString()), Has.Some.Contains(problem));
    }

    [TestCase("groups: []")]
    [TestCase("groups:")]
    public void A_key_of_an_earlier_release_that_says_nothing_is_ignored(string line) =>
        Assert.That(ConfigurationFile.Parse("f", $"{Least}jobs:\n  mayKeep:\n    {line}\n").Outdated, Is.Empty);

    [TestCase("groups: [physics]")]
    [TestCase("groups: physics")]
    public void Groups_of_an_earlier_release_allow_nothing_and_leave_the_rest_of_the_file_valid(string line)
    {
        var configuration = ConfigurationFile.Parse("f", $"{Least}jobs:\n  mayKeep:\n    {line}\n    users: [alice]\n");
        Assert.That(
            configuration.Outdated.Select(problem => problem.ToString()),
            Is.EqualTo(
                new[] { "f:5: jobs.mayKeep.groups: Unix groups allow nothing any more; write: accounts: [Slurm accounts of these users]" }
            )
        );
        Assert.That(configuration.Jobs.MayKeep.Users, Is.EqualTo(new[] { "alice" }));
        var policy = new JobPolicy(configuration.Jobs, configuration.Nodes);
        Assert.That((policy.MayKeep("alice", "", "batch"), policy.MayKeep("bob", "physics", "batch")), Is.EqualTo((true, false)));
    }

    // What is read by a method that calls itself would end the process here, as it would slurmctld.
    [TestCase("jobs: ", "[")]
    [TestCase("jobs: ", "{a: ")]
    [TestCase("", "- ")]
    public void A_text_that_is_nested_without_end_is_refused(string start, string nested)
    {
        var thrown = Assert.Catch<ConfigurationException>(() =>
            ConfigurationFile.Parse("f", start + string.Concat(Enumerable.Repeat(nested, 200_000)))
        );
        Assert.That(thrown!.Message, Does.StartWith("f:1: not YAML: ").And.Contain("64 levels"));
    }

    [Test]
    public void All_mistakes_are_named_at_once()
    {
        var thrown = Assert.Catch<ConfigurationException>(() =>
            ConfigurationFile.Parse("f", "kubernetes:\n  maxInFlight: 0\ncontroller:\n  on: x\n")
        );
        Assert.That(thrown!.Problems, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_node_need_not_know_how_Kubernetes_is_reached() =>
        Assert.That(
            ConfigurationFile.Parse("f", "node:\n  services: [k3s-agent.service]\n", kubernetes: false).Node.Services,
            Is.EqualTo(new[] { "k3s-agent.service" })
        );

    [Test]
    public void A_missing_file_is_named() =>
        Assert.That(
            () => ConfigurationFile.Load("/nonexistent/bebida.yaml"),
            Throws.InstanceOf<ConfigurationException>().With.Message.Contains("/nonexistent/bebida.yaml")
        );

    [TestCase("30s", 30_000)]
    [TestCase("1m30s", 90_000)]
    [TestCase("500ms", 500)]
    [TestCase("1h", 3_600_000)]
    [TestCase("0", 0)]
    // Two thousand years have no exact number of milliseconds as a double.
    [TestCase("68771436289259ms", 68_771_436_289_259)]
    public void Durations_are_read_as_Kubernetes_writes_them(string text, long milliseconds)
    {
        Assert.That(Duration.TryParse(text, out var duration));
        Assert.That(duration.Ticks / TimeSpan.TicksPerMillisecond, Is.EqualTo(milliseconds));
        Assert.That(Duration.TryParse(Duration.Format(duration), out var again) && again == duration);
    }

    [TestCase("")]
    [TestCase("30")]
    [TestCase("s")]
    [TestCase("-5s")]
    [TestCase("1.5s")]
    [TestCase("5 s")]
    [TestCase("5d")]
    [TestCase("99999999999999999999s")]
    [TestCase("9223372036854775807h")]
    public void What_is_no_duration_is_refused(string text) => Assert.That(Duration.TryParse(text, out _), Is.False);

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
