using System.Net;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using BeBiDa.Lab;
using BeBiDa.Site;
using CliWrap;
using k8s.Models;
using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Tests;

/// <summary>The rights that packaging/kubernetes/rbac.yaml gives: all that a hand-over needs, and none more.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class PrivilegeSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private static readonly string Manifest = File.ReadAllText(
        Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac.yaml")
    );

    /// <summary>Each verb that the manifest grants, as "verb group/resource"; the core group's name is empty.</summary>
    public static IEnumerable<string> Rights =>
        from document in Documents()
        where document.Children.ContainsKey("rules")
        from rule in (YamlSequenceNode)document["rules"]
        from name in Group(rule)
        from verb in (YamlSequenceNode)rule["verbs"]
        select $"{verb} {name}";

    private static IEnumerable<string> Group(YamlNode rule) =>
        from part in (YamlSequenceNode)rule["apiGroups"]
        from resource in (YamlSequenceNode)rule["resources"]
        select $"{part}/{resource}";

    [Test]
    public async Task With_the_packaged_rights_all_of_a_hand_over_is_allowed()
    {
        var kubeconfig = await IdentityAsync(without: null);
        var (taken, givenBack) = await HandOverAsync(kubeconfig);
        Assert.That(
            (taken.Outcome, givenBack?.Outcome),
            Is.EqualTo((HandOverOutcome.Done, HandOverOutcome.Done)),
            string.Join('\n', Log.All)
        );
        Assert.That(taken.PodsEvicted, Is.EqualTo(2));
        Assert.That(Refusals(), Is.Empty);
    }

    // Both give the rights of the one ClusterRoleBinding to an identity of their own.
    [TestCase("token"), TestCase("certificate"), NonParallelizable]
    public async Task A_kubeconfig_that_bebidactl_makes_is_enough_for_all_of_it_and_for_nothing_more(string credential)
    {
        await using var signing = SigningController.Start(Server);
        var kubeconfig = Path.Combine(Directory.CreateTempSubdirectory("kubeconfig-").FullName, "kubeconfig");
        await Cli.Wrap(PluginBuild.Locate().Tool)
            .WithArguments([
                "kubeconfig",
                "create",
                "--credential",
                credential,
                "--namespace",
                Space,
                "--kubeconfig",
                Server.AdminKubeconfig,
                "--file",
                kubeconfig,
            ])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["BEBIDA_CONFIG"] = kubeconfig + ".none" })
            .ExecuteAsync();
        var (taken, givenBack) = await HandOverAsync(kubeconfig);
        Assert.That(
            (taken.Outcome, givenBack?.Outcome),
            Is.EqualTo((HandOverOutcome.Done, HandOverOutcome.Done)),
            string.Join('\n', Log.All)
        );
        Assert.That(Refusals(), Is.Empty);
        Assert.That(await RulesAsync(kubeconfig, Space), Is.EquivalentTo(Rights.Where(right => !IsOfEvents(right))));
        Assert.That(await RulesAsync(kubeconfig, "default"), Is.EquivalentTo(Rights));
        await IsRefusedAllElseAsync(kubeconfig);
        Directory.Delete(Path.GetDirectoryName(kubeconfig)!, recursive: true);
    }

    [TestCaseSource(nameof(Rights))]
    public async Task Without_any_one_of_them_something_is_refused(string right)
    {
        var kubeconfig = await IdentityAsync(without: right);
        await HandOverAsync(kubeconfig, givenUpOn: () => Refusals().Any());
        var resource = right.Split('/', 2)[1];
        Assert.That(Refusals().Any(line => line.Contains(resource, StringComparison.Ordinal)), Is.True, $"{string.Join('\n', Log.All)}");
    }

    [TestCase("default", ExpectedResult = true)]
    [TestCase("kube-system", ExpectedResult = false)]
    public async Task<bool> What_the_server_says_that_is_allowed_is_what_the_manifest_grants(string space)
    {
        var allowed = await RulesAsync(await IdentityAsync(without: null), space);
        Assert.That(allowed.Where(right => !IsOfEvents(right)), Is.EquivalentTo(Rights.Where(right => !IsOfEvents(right))));
        return allowed.Contains("create /events");
    }

    [Test]
    public async Task Nothing_else_is_allowed()
    {
        (string Verb, string Group, string Resource, string Subresource)[] others =
        [
            ("get", "", "secrets", ""),
            ("list", "", "secrets", ""),
            ("create", "", "pods", "exec"),
            ("create", "", "pods", ""),
            ("patch", "", "pods", ""),
            ("get", "", "pods", "log"),
            ("create", "", "nodes", ""),
            ("delete", "", "nodes", ""),
            ("update", "", "nodes", ""),
            ("patch", "", "nodes", "status"),
            ("get", "", "nodes", "proxy"),
            ("deletecollection", "", "pods", ""),
            ("deletecollection", "", "nodes", ""),
            ("update", "", "pods", "ephemeralcontainers"),
            ("create", "", "pods", "portforward"),
            ("create", "", "pods", "binding"),
            ("list", "", "configmaps", ""),
            ("list", "", "namespaces", ""),
            ("impersonate", "", "users", ""),
            ("create", "certificates.k8s.io", "certificatesigningrequests", ""),
            ("create", "", "serviceaccounts", "token"),
            ("create", "apps", "deployments", ""),
            ("patch", "apps", "daemonsets", ""),
            ("create", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
            ("escalate", "rbac.authorization.k8s.io", "clusterroles", ""),
            ("delete", "policy", "poddisruptionbudgets", ""),
        ];
        using var client = ApiClient.FromKubeconfig(await IdentityAsync(without: null));
        var bebida = new ApiClient(client);
        Assert.That(await MayAsync(bebida, "patch", "", "nodes", ""), Is.True);
        var allowed = new List<string>();
        foreach (var (verb, group, resource, subresource) in others)
            if (await MayAsync(bebida, verb, group, resource, subresource))
                allowed.Add($"{verb} {resource} {subresource}");
        Assert.That(allowed, Is.Empty);
    }

    [Test]
    public async Task Secrets_commands_in_pods_and_other_writes_are_refused_by_the_server()
    {
        await IsRefusedAllElseAsync(await IdentityAsync(without: null));
    }

    private async Task IsRefusedAllElseAsync(string kubeconfig)
    {
        var node = await NewNodeAsync();
        await CreateAsync(PodOn(node.Name, "pod"));
        using var client = ApiClient.FromKubeconfig(kubeconfig);
        var bebida = new ApiClient(client);
        foreach (
            var work in new Func<Task>[]
            {
                () => bebida.GetAsync<object>($"api/v1/namespaces/{Space}/secrets", default),
                () =>
                    bebida.CreateAsync<object>(
                        $"api/v1/namespaces/kube-system/secrets",
                        new
                        {
                            apiVersion = "v1",
                            kind = "Secret",
                            metadata = new { name = "s" },
                        },
                        default
                    ),
                () =>
                    bebida.CreateAsync<object>(
                        $"api/v1/namespaces/{Space}/configmaps",
                        new
                        {
                            apiVersion = "v1",
                            kind = "ConfigMap",
                            metadata = new { name = "c" },
                        },
                        default
                    ),
                () =>
                    bebida.CreateAsync<object>(
                        $"api/v1/namespaces/{Space}/serviceaccounts/bebida/token",
                        new
                        {
                            apiVersion = "authentication.k8s.io/v1",
                            kind = "TokenRequest",
                            spec = new { },
                        },
                        default
                    ),
                () => bebida.CreateAsync<object>($"{Resources.Pods.At(Space, "pod")}/exec?command=true", new { }, default),
                () => bebida.CreateAsync<object>(Resources.Pods.In(Space), PodOn(node.Name, "another"), default),
                () =>
                    bebida.MergeAsync<object>(
                        Resources.Pods.At(Space, "pod"),
                        new { metadata = new { labels = new { a = "b" } } },
                        default
                    ),
                () =>
                    bebida.MergeAsync<object>(
                        Resources.Nodes.At(null, node.Name, "status"),
                        new { status = new { phase = "Running" } },
                        default
                    ),
                () => bebida.DeleteAsync(Resources.Nodes.At(null, node.Name), new V1DeleteOptions(), default),
                () =>
                    bebida.CreateAsync<object>(
                        $"api/v1/namespaces/{Space}/events",
                        new
                        {
                            apiVersion = "v1",
                            kind = "Event",
                            metadata = new { generateName = "forged." },
                        },
                        default
                    ),
                () => bebida.GetAsync<object>("api/v1/namespaces/default/events", default),
            }
        )
            Assert.That((await CatchAsync<ApiException>(work)).Code, Is.EqualTo(HttpStatusCode.Forbidden));
        await DeleteNodeAsync(node.Name);
    }

    // Every user may ask what they may, and who they are (system:basic-user).
    private static async Task<IReadOnlyList<string>> RulesAsync(string kubeconfig, string space)
    {
        using var client = ApiClient.FromKubeconfig(kubeconfig);
        var review = await new ApiClient(client).CreateAsync(
            "apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            new V1SelfSubjectRulesReview
            {
                ApiVersion = "authorization.k8s.io/v1",
                Kind = "SelfSubjectRulesReview",
                Spec = new V1SelfSubjectRulesReviewSpec { NamespaceProperty = space },
            },
            default
        );
        return
        [
            .. from rule in review.Status.ResourceRules
            from part in rule.ApiGroups
            where part is not ("authorization.k8s.io" or "authentication.k8s.io")
            from resource in rule.Resources
            from verb in rule.Verbs
            select $"{verb} {part}/{resource}",
        ];
    }

    private static bool IsOfEvents(string right) => right.EndsWith("/events", StringComparison.Ordinal);

    // Everything that BeBiDa asks of Kubernetes: follow nodes, hold, evict, watch, delete what is stuck, Events, release; and
    // what bebidactl status and reconcile read.
    private async Task<(HandOverResult Taken, HandOverResult? GivenBack)> HandOverAsync(string kubeconfig, Func<bool>? givenUpOn = null)
    {
        var node = (await RunNodesAsync(1))[0];
        await RunPodAsync(PodOn(node, "app"));
        var stuck = PodOn(node, "stuck");
        stuck.Metadata.Annotations = new Dictionary<string, string> { [PodAnnotations.IgnoreTermination] = "true" };
        await RunPodAsync(stuck);

        var configuration = Configuration(kubeconfig) with
        {
            Eviction = new EvictionConfiguration { GracePeriod = TimeSpan.FromSeconds(1), Deadline = TimeSpan.FromSeconds(2) },
        };
        var cluster = Connect(configuration);
        var handOvers = new HandOvers(cluster, configuration, TimeProvider.System, Log);
        try
        {
            var taking = handOvers.DecommissionAsync(Job(3, node), Lab.Eventually.Patience);
            while (!taking.IsCompleted && givenUpOn?.Invoke() != true)
                await Task.WhenAny(taking, Task.Delay(50));
            if (!taking.IsCompleted)
            {
                await handOvers.DisposeAsync();
                return (await taking, null);
            }
            var givenBack = await handOvers.RecommissionAsync(Job(3, node), Lab.Eventually.Patience);
            Assert.That((await cluster.ReadStatusAsync(default)).Select(status => status.Node.Name), Does.Contain(node));
            return (await taking, givenBack);
        }
        catch (ClusterException e)
        {
            Log.LogError("{Problem}", e.Message);
            return (await handOvers.RecommissionAsync(Job(3, node), TimeSpan.FromSeconds(1)), null);
        }
        finally
        {
            // Its end waits for the Events.
            await handOvers.DisposeAsync();
        }
    }

    // As a word: names are made of random digits.
    private IEnumerable<string> Refusals() => Log.All.Where(line => line.Contains(" 403 ", StringComparison.Ordinal));

    /// <summary>A user with the manifest's rights under names of its own, but for one right.</summary>
    private async Task<string> IdentityAsync(string? without)
    {
        var user = Unique("bebida");
        var stream = new YamlStream();
        foreach (var document in Documents())
        {
            ((YamlMappingNode)document["metadata"]).Children["name"] = $"{document["metadata"]["name"]}-{user}";
            if (document.Children.ContainsKey("roleRef"))
            {
                ((YamlMappingNode)document["roleRef"]).Children["name"] = $"{document["roleRef"]["name"]}-{user}";
                ((YamlMappingNode)document["subjects"][0]).Children["name"] = user;
            }
            else if (without?.Split(' ') is [var verb, var name])
            {
                foreach (var rule in (YamlSequenceNode)document["rules"])
                    if (Group(rule).Contains(name))
                        ((YamlSequenceNode)rule["verbs"]).Children.Remove(verb);
                // A rule without verbs is none, and the API does not take it.
                foreach (
                    var empty in ((YamlSequenceNode)document["rules"]).Where(rule => !((YamlSequenceNode)rule["verbs"]).Any()).ToList()
                )
                    ((YamlSequenceNode)document["rules"]).Children.Remove(empty);
            }
            stream.Add(new YamlDocument(document));
        }
        var path = Path.Combine(Path.GetTempPath(), $"{user}.yaml");
        await using (var file = File.CreateText(path))
            stream.Save(file, assignAnchors: false);
        await Kubectl.RunAsync("apply", "-f", path);
        File.Delete(path);

        var kubeconfig = Server.WriteKubeconfig(user);
        using var client = ApiClient.FromKubeconfig(kubeconfig);
        var bebida = new ApiClient(client);
        // A real API server sees new roles a moment later.
        foreach (var right in Rights.Where(r => r != without).Select(r => r.Split(' ', '/')))
            await Eventually(
                $"{user} may {string.Join(' ', right)}",
                () =>
                    MayAsync(
                        bebida,
                        right[0],
                        right[1],
                        right[2],
                        right.ElementAtOrDefault(3) ?? "",
                        right[2] == "events" ? "default" : null
                    )
            );
        return kubeconfig;
    }

    private static async Task<bool> MayAsync(
        ApiClient identity,
        string verb,
        string group,
        string resource,
        string subresource,
        string? space = null
    )
    {
        var review = await identity.CreateAsync(
            "apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            new V1SelfSubjectAccessReview
            {
                ApiVersion = "authorization.k8s.io/v1",
                Kind = "SelfSubjectAccessReview",
                Spec = new V1SelfSubjectAccessReviewSpec
                {
                    ResourceAttributes = new V1ResourceAttributes
                    {
                        Verb = verb,
                        Group = group,
                        Resource = resource,
                        Subresource = subresource,
                        NamespaceProperty = space,
                    },
                },
            },
            default
        );
        return review.Status.Allowed;
    }

    private static IEnumerable<YamlMappingNode> Documents()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(Manifest));
        return stream.Documents.Select(d => (YamlMappingNode)d.RootNode);
    }
}
