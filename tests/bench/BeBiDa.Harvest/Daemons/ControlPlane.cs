using BeBiDa.EmbeddedApi;
using BeBiDa.EmbeddedApi.Real;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Kubernetes' own scheduler, and of its controllers those for nodes, where the programs are; else hollow ones play them.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private static readonly string[] s_programs = ["kube-scheduler", "kube-controller-manager"];

    private readonly List<BoundProcess> _processes = [];

    private ControlPlane(string description) => Description = description;

    /// <summary>Whether the programs are real.</summary>
    public bool IsReal => _processes.Count > 0;

    /// <summary>Which programs there are.</summary>
    public string Description { get; }

    /// <summary>Those that have ended.</summary>
    public IEnumerable<BoundProcess> Ended => _processes.Where(process => !process.IsRunning);

    /// <summary>Starts them.</summary>
    public static ControlPlane Start(DaemonsOptions options, IApiServer api, string directory)
    {
        if (api is not RealApiServer)
            return new ControlPlane("embedded API server; simulated scheduler, controllers and kubelets");
        if (!s_programs.All(program => File.Exists(Path.Combine(RealApiServer.Assets, program))))
            return new ControlPlane("real etcd and kube-apiserver; simulated scheduler, controllers and kubelets");
        var plane = new ControlPlane(
            "real etcd, kube-apiserver and kube-scheduler, and kube-controller-manager's controllers of nodes; simulated kubelets"
        );
        var configuration = Path.Combine(directory, "scheduler.yaml");
        // How long a pod that did not fit waits to be tried again is an interval like all others; a second is its least.
        File.WriteAllText(
            configuration,
            $$"""
            apiVersion: kubescheduler.config.k8s.io/v1
            kind: KubeSchedulerConfiguration
            clientConnection: {kubeconfig: {{api.AdminKubeconfig}}, qps: 500, burst: 1000}
            leaderElection: {leaderElect: false}
            podInitialBackoffSeconds: 1
            podMaxBackoffSeconds: {{options.Interval(10)}}

            """
        );
        plane.Run(directory, "kube-scheduler", $"--config={configuration}", "--secure-port=0");
        plane.Run(
            directory,
            "kube-controller-manager",
            $"--kubeconfig={api.AdminKubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--controllers=node-lifecycle-controller,taint-eviction-controller,pod-garbage-collector-controller",
            "--use-service-account-credentials=false"
        );
        return plane;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
    }

    private void Run(string directory, string program, params IEnumerable<string> arguments) =>
        _processes.Add(new(Path.Combine(RealApiServer.Assets, program), Path.Combine(directory, $"{program}.log"), arguments));
}
