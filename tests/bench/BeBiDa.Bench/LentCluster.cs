using BeBiDa.Abi;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Lab;
using BeBiDa.Libraries.Tests;
using BeBiDa.Site;
using CliWrap;
using CliWrap.EventStream;
using k8s;
using k8s.Models;

namespace BeBiDa.Bench;

/// <summary>
/// A Kubernetes with that many nodes, without Slurm: its hollow kubelets are a process of their own, which takes pods away
/// as soon as they are told to end; and everyone who hands nodes over has the same token.
/// </summary>
internal sealed class LentCluster : IAsyncDisposable
{
    private const string Account = "bench";
    private const int Spaces = 1000;
    private const int AtOnce = 64;

    private readonly IApiServer server;
    private readonly Kubernetes client;
    private readonly CancellationTokenSource endOfKubelets = new();
    private readonly HashSet<string> spaces = [];
    private Task kubelets = Task.CompletedTask;

    private LentCluster(IApiServer server)
    {
        this.server = server;
        client = ApiClient.FromKubeconfig(server.AdminKubeconfig);
        Admin = new ApiClient(client);
        Directory = System.IO.Directory.CreateTempSubdirectory("bebida-bench-").FullName;
        Kubeconfig = Path.Combine(Directory, "kubeconfig");
        Kubectl = new Kubectl(Kubeconfig);
    }

    public IApiServer Server => server;

    public ApiClient Admin { get; }

    /// <summary>For files of the measurement.</summary>
    public string Directory { get; }

    /// <summary>The kubeconfig, with a token, of everyone who hands nodes over.</summary>
    public string Kubeconfig { get; }

    /// <summary>The token in it.</summary>
    public string Token { get; private set; } = "";

    public Kubectl Kubectl { get; }

    public IReadOnlyList<string> Nodes { get; private set; } = [];

    /// <summary>Starts it.</summary>
    /// <param name="api">Which API server it has.</param>
    /// <param name="nodes">How many nodes, b1, b2, ….</param>
    /// <param name="kubelets">Whether there are kubelets, so that pods take a moment to leave.</param>
    public static async Task<LentCluster> StartAsync(ApiServerKind api, int nodes, bool kubelets = true)
    {
        var cluster = new LentCluster(await TestServers.StartAsync(api));
        try
        {
            cluster.Nodes = [.. Enumerable.Range(1, nodes).Select(i => $"b{i}")];
            cluster.Token = await cluster.MakeTokenAsync(Account);
            cluster.WriteKubeconfig();
            if (kubelets)
                await cluster.StartKubeletsAsync();
            else
                await Parallel.ForEachAsync(
                    cluster.Nodes,
                    new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
                    async (name, cancel) =>
                        await cluster.Admin.CreateAsync(
                            Resources.Nodes.In(null),
                            new V1Node
                            {
                                ApiVersion = "v1",
                                Kind = "Node",
                                Metadata = new V1ObjectMeta { Name = name },
                            },
                            cancel
                        )
                );
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A service account that may do everything, and a token of it.</summary>
    public async Task<string> MakeTokenAsync(string account)
    {
        await Admin.CreateAsync(
            Resources.ServiceAccounts.In("default"),
            new V1ServiceAccount
            {
                ApiVersion = "v1",
                Kind = "ServiceAccount",
                Metadata = new V1ObjectMeta { Name = account },
            },
            default
        );
        await client.RbacAuthorizationV1.CreateClusterRoleBindingAsync(
            new V1ClusterRoleBinding
            {
                Metadata = new V1ObjectMeta { Name = account },
                RoleRef = new V1RoleRef
                {
                    ApiGroup = "rbac.authorization.k8s.io",
                    Kind = "ClusterRole",
                    Name = "cluster-admin",
                },
                Subjects =
                [
                    new Rbacv1Subject
                    {
                        Kind = "ServiceAccount",
                        Name = account,
                        NamespaceProperty = "default",
                    },
                ],
            }
        );
        var request = new Authenticationv1TokenRequest
        {
            Spec = new V1TokenRequestSpec { Audiences = [], ExpirationSeconds = 86_400 },
        };
        return (await client.CoreV1.CreateNamespacedServiceAccountTokenAsync(request, account, "default")).Status.Token;
    }

    /// <summary>Gives those who hand nodes over the priority levels of packaging/kubernetes/flow-control.yaml.</summary>
    public async Task LimitRequestsAsync()
    {
        var manifest = await File.ReadAllTextAsync(
            Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "flow-control.yaml")
        );
        var file = Path.Combine(Directory, "flow-control.yaml");
        await File.WriteAllTextAsync(
            file,
            manifest.Replace(
                "            name: bebida\n            namespace: bebida\n",
                $"            name: {Account}\n            namespace: default\n",
                StringComparison.Ordinal
            )
        );
        await new Kubectl(server.AdminKubeconfig).RunAsync("apply", "-f", file);
    }

    /// <summary>Puts pods on nodes, so many on each, and waits until they run.</summary>
    /// <returns>Each pod's namespace and name. As few names as can be: a load generator sends one body for each.</returns>
    public async Task<IReadOnlyList<(string Space, string Name)>> FillAsync(IReadOnlyList<string> nodes, int podsEach, bool wait = true)
    {
        var pods = Enumerable
            .Range(0, nodes.Count * podsEach)
            .Select(i => (Space: $"bench-{i % Spaces}", Name: $"p-{i / Spaces}", Node: nodes[i % nodes.Count]))
            .ToList();
        var missing = pods.Select(p => p.Space).Distinct().Where(spaces.Add).ToList();
        var many = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        await Parallel.ForEachAsync(
            missing,
            many,
            async (name, cancel) =>
                await Admin.CreateAsync(
                    Resources.Namespaces.In(null),
                    new V1Namespace
                    {
                        ApiVersion = "v1",
                        Kind = "Namespace",
                        Metadata = new V1ObjectMeta { Name = name },
                    },
                    cancel
                )
        );
        await Parallel.ForEachAsync(
            pods,
            many,
            async (pod, cancel) => await Admin.CreateAsync(Resources.Pods.In(pod.Space), Pod(pod.Name, pod.Node), cancel)
        );
        if (wait)
            await Eventually.HoldsAsync(
                "all pods run",
                TimeSpan.FromMinutes(10),
                async _ => !await AnyPodAsync("&fieldSelector=status.phase%21%3DRunning")
            );
        return [.. pods.Select(p => (p.Space, p.Name))];
    }

    /// <summary>Waits until no pod is left.</summary>
    public Task EmptyAsync() => Eventually.HoldsAsync("no pod is left", TimeSpan.FromMinutes(10), async _ => !await AnyPodAsync(""));

    /// <summary>Starts the library that lives in slurmctld, in this process.</summary>
    public void StartLibrary(string more = "")
    {
        var file = Path.Combine(Directory, "bebida.yaml");
        File.WriteAllText(file, $"kubernetes:\n  kubeconfig: {Kubeconfig}\n{more}");
        Library.SetEnvironment("BEBIDA_CONFIG", file);
        if (Library.Start(Header.AbiVersion) != 0)
            throw new LabException($"libbebida_controller.so does not start: {string.Join("; ", Library.Log.Select(l => l.Line))}");
    }

    public async ValueTask DisposeAsync()
    {
        await endOfKubelets.CancelAsync();
        await kubelets.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        client.Dispose();
        await server.DisposeAsync();
        endOfKubelets.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private async Task<bool> AnyPodAsync(string selector) =>
        (await Admin.GetAsync<V1PodList>($"{Resources.Pods.All}?limit=1{selector}", default)).Items.Count > 0;

    private static V1Pod Pod(string name, string node) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = new Dictionary<string, string> { ["app"] = "bench" },
                Annotations = new Dictionary<string, string> { ["hollow/termination-seconds"] = "0" },
            },
            Spec = new V1PodSpec { NodeName = node, Containers = [new V1Container { Name = "main", Image = "hollow" }] },
        };

    private void WriteKubeconfig()
    {
        File.WriteAllText(
            Kubeconfig,
            $$$"""
                apiVersion: v1
                kind: Config
                current-context: bench
                clusters: [{name: bench, cluster: {server: "{{{server.Url.GetLeftPart(
                UriPartial.Authority
            )}}}", certificate-authority: "{{{server.CaCertificatePath}}}"}}]
                users: [{name: bench, user: {token: "{{{Token}}}"}}]
                contexts: [{name: bench, context: {cluster: bench, user: bench}}]

            """
        );
        File.SetUnixFileMode(Kubeconfig, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private async Task StartKubeletsAsync()
    {
        var ready = new TaskCompletionSource();
        kubelets = RunAsync();
        await Task.WhenAny(ready.Task, kubelets);
        if (!ready.Task.IsCompleted)
            await kubelets;

        async Task RunAsync()
        {
            var told = new List<string>();
            // Where it was built: what the benchmark finds in its framework, a copy beside it would miss.
            var output = new DirectoryInfo(AppContext.BaseDirectory);
            var program = Path.Combine(output.Parent!.Parent!.FullName, "BeBiDa.HollowCluster", output.Name, "hollow-cluster.dll");
            var command = Cli.Wrap("dotnet")
                .WithArguments([
                    program,
                    "--kubeconfig",
                    server.AdminKubeconfig,
                    "--kubelet-only",
                    "--lease-seconds",
                    "3600",
                    "--nodes",
                    string.Join(',', Nodes),
                ])
                .WithValidation(CommandResultValidation.None);
            await foreach (var happened in command.ListenAsync(endOfKubelets.Token))
                if (happened is StandardErrorCommandEvent { Text: var line })
                {
                    told.Add(line);
                    if (line.Contains("ready:", StringComparison.Ordinal))
                        ready.TrySetResult();
                }
                else if (happened is ExitedCommandEvent { ExitCode: var code })
                {
                    throw new LabException($"the simulated kubelets ended with {code}: {string.Join(' ', told.Take(5))}");
                }
        }
    }
}
